/**
 * @typedef {{ file: string, name?: string, src?: string, isEntry?: boolean, imports?: string[], dynamicImports?: string[],
 *   css?: string[] }} Chunk
 * @typedef {Record<string, Chunk>} Manifest
 * @typedef {{ name: string, scripts: Set<string>, styles: Set<string> }} FirstLoad
 */

/**
 * What may be loaded first: the entry alone, with a page that loads when it is gone to, with a page of that page …
 * Whatever else the entry loads by itself (the words of a language, say) counts to each, even where only one of
 * several is ever needed.
 * @param {Manifest} manifest
 * @returns {FirstLoad[]}
 */
export function firstLoads(manifest) {
  const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry)
  if (!entry) throw new Error('the manifest has no entry')
  const others = onDemand(manifest, closure(manifest, [entry])).filter((key) => !isPage(key))
  return [...within(manifest, entry, closure(manifest, [entry, ...others]))]
}

/**
 * This load, and every one that goes on from it.
 * @param {Manifest} manifest
 * @param {string} name
 * @param {Set<string>} keys
 * @returns {Generator<FirstLoad>}
 */
function* within(manifest, name, keys) {
  yield gathered(manifest, name, keys)
  for (const page of onDemand(manifest, keys).filter(isPage)) {
    yield* within(manifest, page, closure(manifest, [...keys, page]))
  }
}

/** @param {string} key */
const isPage = (key) => key.endsWith('.vue')

/**
 * What these chunks load later, and have not loaded yet.
 * @param {Manifest} manifest
 * @param {Set<string>} keys
 */
function onDemand(manifest, keys) {
  const later = new Set([...keys].flatMap((key) => chunk(manifest, key).dynamicImports ?? []))
  return [...later].filter((key) => !keys.has(key))
}

/**
 * @param {Manifest} manifest
 * @param {string} name
 * @param {Set<string>} keys
 */
function gathered(manifest, name, keys) {
  const chunks = [...keys].map((key) => chunk(manifest, key))
  return {
    name,
    scripts: new Set(chunks.map((one) => one.file).filter((file) => file.endsWith('.js'))),
    styles: new Set(chunks.flatMap((one) => one.css ?? [])),
  }
}

/**
 * Everything these chunks import at once.
 * @param {Manifest} manifest
 * @param {string[]} keys
 */
function closure(manifest, keys) {
  const found = new Set(keys)
  for (const key of found) for (const imported of chunk(manifest, key).imports ?? []) found.add(imported)
  return found
}

/**
 * @param {Manifest} manifest
 * @param {string} key
 */
function chunk(manifest, key) {
  const found = manifest[key]
  if (!found) throw new Error(`the manifest has no ${key}`)
  return found
}
