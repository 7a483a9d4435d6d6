/** Rows of a list that is edited: each can be told apart wherever it moves. Pure but for the counter. */

export interface Row {
  /** Stays with the row wherever it moves. */
  key: number
}

let last = 0

export const row = <Fields extends object>(fields: Fields): Fields & Row => ({ ...fields, key: ++last })

/** The list with one of its rows elsewhere; null: it cannot go there. */
export function moved<Item>(list: readonly Item[], from: number, to: number): Item[] | null {
  const one = list[from]
  if (one === undefined || from === to || to < 0 || to >= list.length) return null
  const others = list.filter((_, place) => place !== from)
  return [...others.slice(0, to), one, ...others.slice(to)]
}

/** The list with one more after a place. */
export function insertedAfter<Item>(list: readonly Item[], place: number, fresh: Item): Item[] {
  return [...list.slice(0, place + 1), fresh, ...list.slice(place + 1)]
}
