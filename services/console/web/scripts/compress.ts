// Beside every file of a build that text compression helps, writes what the console sends instead: `.br` and `.gz`.
//   node scripts/compress.ts dist
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { argv } from 'node:process'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const TEXT = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest'])
/** Below this a header weighs as much as what is saved. */
const LEAST_BYTES = 512

const folder = argv[2]
if (!folder) throw new Error('which folder?')

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  const hidden = path.slice(folder.length).includes('/.')
  if (!entry.isFile() || hidden || !TEXT.has(extname(entry.name))) continue
  const content = readFileSync(path)
  if (content.length < LEAST_BYTES) continue
  const brotli = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  })
  writeFileSync(`${path}.br`, brotli)
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
}
