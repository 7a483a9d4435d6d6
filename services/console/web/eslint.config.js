import vue from 'eslint-plugin-vue'
import { defineConfig, globalIgnores } from 'eslint/config'
import typescript from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['dist', '.dist-*', 'src/api/schema.d.ts']),
  typescript.configs.strict,
  typescript.configs.stylistic,
  vue.configs['flat/essential'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: typescript.parser } },
  },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-eval': 'error',
      'no-restricted-globals': ['error', { name: 'event', message: 'Take it as an argument.' }],
      '@typescript-eslint/no-empty-function': 'off', // doing nothing is a fine default
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'vue/multi-word-component-names': 'off', // none of ours is written as an element of HTML
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/no-v-html': 'error',
      'vue/require-explicit-emits': 'error',
      'vue/no-unused-refs': 'error',
      'vue/no-static-inline-styles': 'error', // the console's policy forbids them
    },
  },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
)
