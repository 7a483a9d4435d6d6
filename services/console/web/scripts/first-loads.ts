/** What a browser loads before a page is of use, read from Vite's manifest. Pure. */

export interface Chunk {
  file: string
  isEntry?: boolean
  imports?: string[]
  dynamicImports?: string[]
  css?: string[]
}

export type Manifest = Record<string, Chunk>

export interface FirstLoad {
  name: string
  scripts: Set<string>
  styles: Set<string>
}

/**
 * The entry alone, with a page that loads when it is gone to, with a page of that page … Whatever else the entry loads
 * by itself (the words of a language, say) counts to each, even where only one of several is ever needed.
 */
export function firstLoads(manifest: Manifest): FirstLoad[] {
  const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry)
  if (!entry) throw new Error('the manifest has no entry')
  const others = later(manifest, closure(manifest, [entry])).filter((key) => !isPage(key))
  return [...within(manifest, entry, new Set(), closure(manifest, [entry, ...others]))]
}

/** This load, and those with one of the pages that its own chunks, `there` beside what was `before`, lead to. */
function* within(manifest: Manifest, name: string, before: Set<string>, there: Set<string>): Generator<FirstLoad> {
  yield gathered(manifest, name, there)
  const own = [...there].filter((key) => !before.has(key))
  const pages = later(manifest, own).filter((key) => isPage(key) && !there.has(key))
  for (const page of pages) yield* within(manifest, page, there, closure(manifest, [...there, page]))
}

function gathered(manifest: Manifest, name: string, keys: Iterable<string>): FirstLoad {
  const chunks = [...keys].map((key) => chunk(manifest, key))
  return {
    name,
    scripts: new Set(chunks.map((one) => one.file).filter((file) => file.endsWith('.js'))),
    styles: new Set(chunks.flatMap((one) => one.css ?? [])),
  }
}

/** Everything these chunks import at once. */
function closure(manifest: Manifest, keys: Iterable<string>): Set<string> {
  const found = new Set(keys)
  for (const key of found) for (const imported of chunk(manifest, key).imports ?? []) found.add(imported)
  return found
}

/** What these chunks load when it is needed. */
function later(manifest: Manifest, keys: Iterable<string>): string[] {
  return [...new Set([...keys].flatMap((key) => chunk(manifest, key).dynamicImports ?? []))]
}

const isPage = (key: string) => key.endsWith('.vue')

function chunk(manifest: Manifest, key: string): Chunk {
  const found = manifest[key]
  if (!found) throw new Error(`the manifest has no ${key}`)
  return found
}
