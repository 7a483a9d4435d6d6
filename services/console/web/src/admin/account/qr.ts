/** A text as a QR code, drawn as one path of rows of squares. Pure. */
import { encode } from 'uqr'

/** Around the code, as its norm asks for. */
const QUIET_SQUARES = 4

export interface Drawing {
  /** Squares along each side. */
  readonly size: number
  readonly path: string
}

export function drawingOf(text: string): Drawing {
  const { size, data } = encode(text, { ecc: 'M', border: QUIET_SQUARES })
  return { size, path: data.map(rowPath).join('') }
}

function rowPath(squares: readonly boolean[], y: number): string {
  let path = ''
  for (let x = 0; x < squares.length; x++) {
    if (!squares[x]) continue
    const from = x
    while (squares[x + 1]) x++
    path += `M${from} ${y}h${x - from + 1}v1h-${x - from + 1}z`
  }
  return path
}
