/** The room a picture gets before it is there, so that nothing moves when it comes. Pure. */

export interface Box {
  readonly width: number
  readonly height: number
}

export const WIDEST = 260
export const HIGHEST = 300
const SMALLEST = 48
const UNKNOWN: Box = { width: 180, height: 180 }

/** Shrunk to fit, never enlarged, and never so thin that it cannot be clicked. */
export function boxOf(width: number | null | undefined, height: number | null | undefined): Box {
  if (!width || !height) return UNKNOWN
  const scale = Math.min(1, WIDEST / width, HIGHEST / height)
  return { width: Math.max(SMALLEST, Math.round(width * scale)), height: Math.max(SMALLEST, Math.round(height * scale)) }
}
