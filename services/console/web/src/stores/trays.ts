/** Pictures chosen and not sent yet, kept for each conversation while the page lives. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'

export interface TrayPicture {
  readonly id: number
  readonly blob: Blob
  readonly name: string
  /** An object URL; whoever takes the picture out of the tray has to revoke it. */
  readonly preview: string
  readonly width: number
  readonly height: number
}

export const useTrays = defineStore('trays', () => {
  const trays = shallowReactive(new Map<string, readonly TrayPicture[]>())
  let last = 0

  const of = (conversation: string): readonly TrayPicture[] => trays.get(conversation) ?? []

  function add(conversation: string, picture: Omit<TrayPicture, 'id'>): void {
    trays.set(conversation, [...of(conversation), { ...picture, id: ++last }])
  }

  function remove(conversation: string, id: number): void {
    const gone = of(conversation).find((picture) => picture.id === id)
    if (gone) URL.revokeObjectURL(gone.preview)
    trays.set(conversation, of(conversation).filter((picture) => picture.id !== id))
  }

  /** All of them, and the tray is empty. */
  function take(conversation: string): readonly TrayPicture[] {
    const pictures = of(conversation)
    trays.delete(conversation)
    return pictures
  }

  function clear(): void {
    for (const pictures of trays.values()) pictures.forEach((picture) => URL.revokeObjectURL(picture.preview))
    trays.clear()
  }

  return { of, add, remove, take, clear }
})
