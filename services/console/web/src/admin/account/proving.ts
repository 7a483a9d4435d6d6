/** What is said where the console does not take the password. */
import { useI18n } from 'vue-i18n'

import type { Explain } from '@/admin/saving'

export function useWrongPassword(where: string): Explain {
  const { t } = useI18n()
  return (problem) => (problem.code === 'forbidden' ? { where, what: t('admin.account.wrong') } : null)
}
