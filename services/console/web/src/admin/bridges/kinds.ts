/** What this page knows of each vendor's settings beyond their schema: their order, and what belongs together. Pure. */
import { fieldsOf } from '@/admin/bridges/schema'
import type { Draft, SettingField } from '@/admin/bridges/schema'
import type { VendorKind } from '@/api/shapes'

/** Asked for when an account is added, in the order in which one finds them at the vendor. */
const FIRST: Record<string, readonly string[]> = {
  qiyu: ['app_key', 'app_secret', 'staff_type', 'group_id', 'staff_id'],
  zhima: ['app_id', 'push_url', 'push_token', 'format', 'reply_path', 'token_path_secret', 'ip_allow'],
}
/** What no page of the vendor's says for certain; to be asked there before customers depend on it. */
const UNCERTAIN: Record<string, readonly string[]> = {
  qiyu: ['checksum_algorithm', 'push_tolerance_seconds', 'relay_in_line', 'quit_line_path', 'media_hosts'],
  zhima: ['push_token', 'format', 'reply_path', 'developer_auth', 'developer_tolerance_seconds', 'media_hosts'],
}
/** Of our own choosing, by chance. */
const MADE: Record<string, readonly string[]> = { zhima: ['token_path_secret', 'developer_key'] }
/** Of no use where another setting says so. */
const ONLY_WHERE: Record<string, Record<string, (draft: Draft) => boolean>> = {
  qiyu: {
    staff_id: (draft) => draft.staff_type === 'person',
    robot_shunt: (draft) => draft.staff_type === 'person',
    context_to_machine: (draft) => draft.staff_type === 'machine' || draft.robot_shunt === true,
  },
  zhima: {
    token_path_secret: (draft) => draft.reply_path === 'direct',
    developer_token: (draft) => draft.developer_auth === 'wechat_sig',
    developer_key: (draft) => draft.developer_auth === 'hmac' || draft.developer_auth === 'path_secret',
    developer_tolerance_seconds: (draft) => draft.developer_auth === 'wechat_sig' || draft.developer_auth === 'hmac',
  },
}
/** Which of our apps. */
const APPS: Record<string, readonly string[]> = { zhima: ['app_id'] }

/** An account's own fields, secrets among them, those one needs first before the others. */
export function vendorFields(kind: VendorKind): { first: SettingField[]; others: SettingField[] } {
  const all = [...fieldsOf(kind.settings), ...fieldsOf(kind.secrets)]
  const order = FIRST[kind.kind] ?? all.filter((field) => field.required).map((field) => field.name)
  const first = order.flatMap((name) => all.find((field) => field.name === name) ?? [])
  return { first, others: all.filter((field) => !first.includes(field)) }
}

export const isUncertain = (vendor: string, name: string): boolean => UNCERTAIN[vendor]?.includes(name) ?? false
export const isMade = (vendor: string, name: string): boolean => MADE[vendor]?.includes(name) ?? false
export const isApp = (vendor: string, name: string): boolean => APPS[vendor]?.includes(name) ?? false

/** Where it was refused it is shown all the same. */
export function isShown(vendor: string, name: string, draft: Draft): boolean {
  return ONLY_WHERE[vendor]?.[name]?.(draft) ?? true
}
