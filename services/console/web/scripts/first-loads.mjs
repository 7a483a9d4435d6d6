/**
 * @typedef {{ file: string, name?: string, src?: string, isEntry?: boolean, imports?: string[], dynamicImports?: string[],
 *   css?: string[] }} Chunk
 * @typedef {Record<string, Chunk>} Manifest
 * @typedef {{ name: string, scripts: Set<string>, styles: Set<string> }} FirstLoad
 */

/**
 * What may be loaded first: the entry with one of the pages that load when they are gone to. Whatever else the entry
 * loads by itself (the words of a language, say) counts to each, even where only one of several is ever needed.
 * @param {Manifest} manifest
 * @returns {FirstLoad[]}
 */
export function firstLoads(manifest) {
  const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry)
  if (!entry) throw new Error('the manifest has no entry')
  const always = closure(manifest, [entry])
  const later = [...always].flatMap((key) => chunk(manifest, key).dynamicImports ?? [])
  const pages = later.filter((key) => key.endsWith('.vue'))
  const others = later.filter((key) => !key.endsWith('.vue'))
  const loads = pages.length ? [...new Set(pages)] : [entry]
  return loads.map((page) => gathered(manifest, page, closure(manifest, [...always, ...others, page])))
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
