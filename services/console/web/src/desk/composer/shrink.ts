/** Draw a picture smaller, until it is small enough for WeChat. */
import { LIMIT_PICTURE_BYTES } from '@/desk/composer/pictures'

const LONGEST_SIDES = [2560, 1920, 1440, 1080]
const QUALITY = 0.85

/** A JPEG of the same; null where this browser cannot read it, or it stays too large. */
export async function shrunk(file: Blob): Promise<Blob | null> {
  const picture = await createImageBitmap(file).catch(() => null)
  if (!picture) return null
  try {
    for (const longest of LONGEST_SIDES) {
      const blob = await drawn(picture, longest)
      if (blob && blob.size <= LIMIT_PICTURE_BYTES) return blob
    }
    return null
  } finally {
    picture.close()
  }
}

async function drawn(picture: ImageBitmap, longest: number): Promise<Blob | null> {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * scale))
  canvas.height = Math.max(1, Math.round(picture.height * scale))
  const pen = canvas.getContext('2d')
  if (!pen) return null
  // JPEG knows no transparency: what is clear becomes white, not black.
  pen.fillStyle = 'white'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
}
