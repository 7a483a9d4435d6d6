/** A day, year and all. Pure. */
export function dayInFull(at: string | number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at))
}
