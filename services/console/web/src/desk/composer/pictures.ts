/** What a file is by its first bytes, and whether WeChat takes it. Pure. */

export const LIMIT_PICTURE_BYTES = 2 * 1024 * 1024
/** A larger one is not even tried to be made smaller: it would take the browser's memory. */
export const MOST_SHRINKABLE_BYTES = 40 * 1024 * 1024
export const HEAD_BYTES = 12

export type PictureKind = 'jpeg' | 'png' | 'gif'
/** `shrinkable`: could be sent if it were made smaller here. */
export type Verdict = { ok: true; kind: PictureKind } | { ok: false; why: 'not_a_picture' | 'too_large' | 'shrinkable' | 'empty'; kind: PictureKind | null }

export function pictureKind(head: Uint8Array): PictureKind | null {
  if (begins(head, [0xff, 0xd8, 0xff])) return 'jpeg'
  if (begins(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png'
  if (begins(head, [0x47, 0x49, 0x46, 0x38]) && (head[4] === 0x37 || head[4] === 0x39) && head[5] === 0x61) return 'gif'
  return null
}

/** Its name and its claimed type say nothing: only the bytes count, for WeChat as well. */
export function judge(head: Uint8Array, size: number): Verdict {
  const kind = pictureKind(head)
  if (size === 0) return { ok: false, why: 'empty', kind }
  if (!kind) return { ok: false, why: 'not_a_picture', kind }
  if (size <= LIMIT_PICTURE_BYTES) return { ok: true, kind }
  // A moving picture would stand still, were it drawn anew.
  const shrinkable = kind !== 'gif' && size <= MOST_SHRINKABLE_BYTES
  return { ok: false, why: shrinkable ? 'shrinkable' : 'too_large', kind }
}

function begins(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, place) => head[place] === byte)
}

/** "3.4 MB", "812 KB". */
export function sizeWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`
}
