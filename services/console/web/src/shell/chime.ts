/** Two soft sounds, made here so that nothing has to be loaded. Browsers allow them only after a first click or key. */

let audio: AudioContext | null = null
let last = 0
const QUIET_MS = 1_500

const NOTES = { high: [660, 880], low: [520] } as const

/** `asked`: somebody wants to hear it now, however shortly after another. */
export function chime(which: keyof typeof NOTES, asked = false): void {
  const now = Date.now()
  if ((!asked && now - last < QUIET_MS) || !navigator.userActivation?.hasBeenActive) return
  last = now
  audio ??= new AudioContext()
  const context = audio
  NOTES[which].forEach((frequency, place) => tone(context, frequency, context.currentTime + place * 0.12))
}

function tone(context: AudioContext, frequency: number, at: number): void {
  const oscillator = context.createOscillator()
  const volume = context.createGain()
  oscillator.frequency.value = frequency
  volume.gain.setValueAtTime(0, at)
  volume.gain.linearRampToValueAtTime(0.08, at + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35)
  oscillator.connect(volume).connect(context.destination)
  oscillator.start(at)
  oscillator.stop(at + 0.4)
}
