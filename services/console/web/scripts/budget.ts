// What a browser loads before the desk is of use, by Vite's manifest; more than the budget is a failure.
//   node scripts/budget.ts [dist]
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, exit } from 'node:process'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import { firstLoads, type Manifest } from './first-loads.ts'

/** All scripts of a first load, compressed by gzip: what the weakest proxy in front still does. */
const LIMIT_BYTES = 300_000

const dist = argv[2] ?? 'dist'
const manifest = JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8')) as Manifest

function weigh(files: Iterable<string>) {
  const weight = { plain: 0, gzip: 0, brotli: 0 }
  for (const file of files) {
    const content = readFileSync(join(dist, file))
    weight.plain += content.length
    weight.gzip += gzipSync(content, { level: 9 }).length
    weight.brotli += brotliCompressSync(content).length
  }
  return weight
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`

let heaviest = 0
console.log('first load                                      plain       gzip     brotli    styles (gzip)')
for (const load of firstLoads(manifest)) {
  const scripts = weigh(load.scripts)
  const columns = [scripts.plain, scripts.gzip, scripts.brotli, weigh(load.styles).gzip].map(kilobytes).join(' ')
  console.log(`${load.name.padEnd(42)} ${columns}`)
  heaviest = Math.max(heaviest, scripts.gzip)
}
if (heaviest > LIMIT_BYTES) {
  console.error(`the heaviest first load is ${kilobytes(heaviest).trim()} of scripts; the budget is ${kilobytes(LIMIT_BYTES).trim()}`)
  exit(1)
}
