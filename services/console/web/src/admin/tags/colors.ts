import type { Tag, TagColor } from '@/api/shapes'

export const COLORS: readonly TagColor[] = ['grey', 'red', 'amber', 'green', 'blue', 'purple']

export const LONGEST_NAME = 40

/** Why a tag cannot be called this: a browser takes such an address for another folder, or there is one already. Pure. */
export function nameFault(name: string, tags: readonly Tag[]): 'there' | 'unusable' | null {
  const plain = name.trim()
  if (plain === '.' || plain === '..') return 'unusable'
  return tags.some((tag) => tag.name === plain) ? 'there' : null
}
