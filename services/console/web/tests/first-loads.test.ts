import { describe, expect, it } from 'vitest'

import { firstLoads } from '../scripts/first-loads'

const chunk = (file: string, more: object = {}) => ({ file: `assets/${file}`, ...more })

const manifest = {
  'index.html': chunk('index.js', {
    isEntry: true,
    imports: ['_shared.js'],
    dynamicImports: ['src/Page.vue', 'src/Other.vue', 'src/en.ts'],
    css: ['assets/index.css'],
  }),
  '_shared.js': chunk('shared.js'),
  'src/en.ts': chunk('en.js'),
  'src/Page.vue': chunk('page.js', { imports: ['index.html', '_table.js'], dynamicImports: ['src/Section.vue'] }),
  '_table.js': chunk('table.js', { css: ['assets/table.css'] }),
  'src/Section.vue': chunk('section.js', { imports: ['_table.js'] }),
  'src/Other.vue': chunk('other.js', { imports: ['index.html'] }),
  'src/Elsewhere.vue': chunk('elsewhere.js'),
}

const scripts = (name: string) =>
  [...(firstLoads(manifest).find((load) => load.name === name)?.scripts ?? [])].map((file) => file.slice(7)).sort()

describe('what a browser loads first', () => {
  it('is the entry with everything it imports, and what it loads by itself', () => {
    expect(scripts('index.html')).toEqual(['en.js', 'index.js', 'shared.js'])
  })

  it('has one page that was gone to, too, and what stands on that page', () => {
    expect(scripts('src/Page.vue')).toEqual(['en.js', 'index.js', 'page.js', 'shared.js', 'table.js'])
    expect(scripts('src/Section.vue')).toEqual(['en.js', 'index.js', 'page.js', 'section.js', 'shared.js', 'table.js'])
  })

  it('leaves out what nothing leads to', () => {
    expect(firstLoads(manifest).map((load) => load.name)).toEqual([
      'index.html',
      'src/Page.vue',
      'src/Section.vue',
      'src/Other.vue',
    ])
  })

  it('counts each style sheet once', () => {
    const section = firstLoads(manifest).find((load) => load.name === 'src/Section.vue')
    expect([...(section?.styles ?? [])].sort()).toEqual(['assets/index.css', 'assets/table.css'])
  })

  it('is unknown without an entry', () => {
    expect(() => firstLoads({ 'src/en.ts': chunk('en.js') })).toThrow('no entry')
  })
})
