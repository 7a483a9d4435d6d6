/** 中文 first, English whole: the two have the very same keys, which the compiler checks. */
import { createI18n } from 'vue-i18n'

import type { Language } from '@/stores/preferences'
import { words as zh } from './zh'

export type Everything = typeof zh

export const i18n = createI18n({
  legacy: false,
  locale: 'zh',
  fallbackLocale: 'zh',
  messages: { zh } as Record<string, Everything>,
  missingWarn: import.meta.env.DEV,
  fallbackWarn: false,
})

export const LOCALES: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' }

/** English is loaded when it is asked for: most never do. */
export async function speak(language: Language): Promise<void> {
  if (language === 'en') {
    const { words } = await import('./en')
    i18n.global.setLocaleMessage('en', words)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = LOCALES[language]
}
