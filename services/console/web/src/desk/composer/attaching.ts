/** Files on their way into a tray: judged by their bytes, opened once, and made smaller where the agent wants that. */
import { ref } from 'vue'

import { HEAD_BYTES, judge, sizeWords } from '@/desk/composer/pictures'
import { shrunk } from '@/desk/composer/shrink'

export interface Opened {
  readonly blob: Blob
  readonly name: string
  readonly preview: string
  readonly width: number
  readonly height: number
}

/** Why a file is not attached. `shrinkable`: it can be made smaller here. */
export interface Rejected {
  readonly id: number
  readonly name: string
  readonly size: string
  readonly why: 'not_a_picture' | 'empty' | 'too_large' | 'shrinkable' | 'unshrunk' | 'broken'
  readonly file: File
}

export function useAttaching(keep: (picture: Opened) => void) {
  const rejected = ref<Rejected[]>([])
  const shrinking = ref<number | null>(null)
  let last = 0

  async function take(files: readonly File[]): Promise<void> {
    rejected.value = []
    for (const file of files) {
      const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
      const verdict = judge(head, file.size)
      if (verdict.ok) await open(file, file)
      else reject(file, verdict.why)
    }
  }

  async function shrink(one: Rejected): Promise<void> {
    shrinking.value = one.id
    const smaller = await shrunk(one.file)
    shrinking.value = null
    dismiss(one.id)
    if (smaller) await open(smaller, one.file)
    else reject(one.file, 'unshrunk')
  }

  /** A file that begins like a picture may still be broken. */
  async function open(blob: Blob, file: File): Promise<void> {
    const picture = await createImageBitmap(blob).catch(() => null)
    if (!picture) return reject(file, 'broken')
    keep({ blob, name: file.name || 'image', preview: URL.createObjectURL(blob), width: picture.width, height: picture.height })
    picture.close()
  }

  function reject(file: File, why: Rejected['why']): void {
    rejected.value = [...rejected.value, { id: ++last, name: file.name || 'image', size: sizeWords(file.size), why, file }]
  }

  function dismiss(id: number): void {
    rejected.value = rejected.value.filter((one) => one.id !== id)
  }

  const dismissAll = () => (rejected.value = [])

  return { rejected, shrinking, take, shrink, dismiss, dismissAll }
}
