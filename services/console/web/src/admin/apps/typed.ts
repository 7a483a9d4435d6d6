/** What fields have while nothing is in them, and what that is in a document. Pure. */

/** What a number field has: empty while nothing is in it. */
export type Typed = number | ''

/** An emptied number is NaN, which the checks find before anything is sent. */
export const number = (typed: Typed): number => (typed === '' ? Number.NaN : typed)
export const words = (text: string): string | null => (text.trim() ? text : null)
