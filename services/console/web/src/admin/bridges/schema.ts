/** The fields of a form, read from the JSON schema by which the console tells what an account needs. Pure. */

export interface SettingField {
  /** Dotted where it stands within another: `breaker.failures`. */
  readonly name: string
  readonly kind: 'text' | 'words' | 'number' | 'seconds' | 'switch' | 'choice' | 'secret'
  readonly choices: readonly string[]
  readonly least: number | null
  readonly most: number | null
  readonly longest: number | null
  readonly whole: boolean
  readonly required: boolean
  /** Whether it can be nothing at all. */
  readonly nullable: boolean
  /** The schema's own words, for vendors that this page does not know. */
  readonly title: string
  readonly description: string
  readonly fallback: unknown
}

export type Typed = string | number | boolean | string[]
export type Draft = Record<string, Typed>

interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  $defs?: Record<string, Schema>
  $ref?: string
  anyOf?: Schema[]
  allOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  format?: string
  default?: unknown
  title?: string
  description?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  maxLength?: number
}

export function fieldsOf(document: Record<string, unknown>): SettingField[] {
  const whole = document as Schema
  return within(whole, whole.$defs ?? {}, '')
}

function within(schema: Schema, defs: Record<string, Schema>, above: string): SettingField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    const meant = resolved(one, defs)
    if (meant.properties) return within({ ...meant, ...(isObject(one.default) ? { properties: withDefaults(meant.properties, one.default) } : {}) }, defs, `${above}${name}.`)
    return [fieldOf(`${above}${name}`, one, defs, schema.required?.includes(name) ?? false)]
  })
}

function fieldOf(name: string, given: Schema, defs: Record<string, Schema>, required: boolean): SettingField {
  const variants = (given.anyOf ?? [given]).map((one) => resolved(one, defs))
  const schema = variants.find((one) => one.type !== 'null') ?? given
  const choices = (schema.enum ?? (schema.const === undefined ? [] : [schema.const])).map(String)
  return {
    name,
    kind: kindOf(name, schema, choices),
    choices,
    least: schema.minimum ?? schema.exclusiveMinimum ?? null,
    most: schema.maximum ?? null,
    longest: schema.maxLength ?? null,
    whole: schema.type === 'integer',
    required,
    nullable: variants.some((one) => one.type === 'null'),
    title: given.title ?? name,
    description: given.description ?? '',
    fallback: given.default ?? null,
  }
}

function kindOf(name: string, schema: Schema, choices: readonly string[]): SettingField['kind'] {
  if (schema.format === 'password') return 'secret'
  if (schema.type === 'boolean') return 'switch'
  if (schema.type === 'array') return 'words'
  if (schema.type === 'integer' || schema.type === 'number') return name.endsWith('_seconds') ? 'seconds' : 'number'
  return choices.length ? 'choice' : 'text'
}

function resolved(schema: Schema, defs: Record<string, Schema>): Schema {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref
  return ref ? { ...schema, ...defs[ref.split('/').at(-1) ?? ''] } : schema
}

function withDefaults(properties: Record<string, Schema>, defaults: Record<string, unknown>): Record<string, Schema> {
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, name in defaults ? { ...one, default: defaults[name] } : one]))
}

/** As a form holds it: empty fields instead of nothing. Secrets are never told, so they begin empty. */
export function draftOf(fields: readonly SettingField[], values: Record<string, unknown>): Draft {
  return Object.fromEntries(fields.map((field) => [field.name, typedOf(field, field.kind === 'secret' ? null : (at(values, field.name) ?? field.fallback))]))
}

function typedOf(field: SettingField, value: unknown): Typed {
  if (field.kind === 'words') return Array.isArray(value) ? value.map(String) : []
  if (field.kind === 'switch') return value === true
  if (field.kind === 'number' || field.kind === 'seconds') return typeof value === 'number' ? value : ''
  return typeof value === 'string' ? value : (field.choices[0] ?? '')
}

/** What was changed, as the console takes it: what was emptied goes back to its default, or to nothing at all. */
export function changesOf(fields: readonly SettingField[], draft: Draft, before: Draft): Record<string, unknown> {
  const changes: Record<string, unknown> = {}
  for (const field of fields) {
    const now = draft[field.name]
    if (now === undefined || JSON.stringify(now) === JSON.stringify(before[field.name])) continue
    put(changes, field.name.split('.'), valueOf(field, now))
  }
  return changes
}

function valueOf(field: SettingField, typed: Typed): unknown {
  if (typeof typed !== 'string') return typed
  const text = typed.trim()
  return text === '' && (field.nullable || field.kind !== 'text' || field.fallback !== '') ? null : text
}

export interface SettingFault {
  key: 'blank' | 'range' | 'whole' | 'choose'
  least: number | null
  most: number | null
}

/** What is wrong with a field before anything is sent; `kept`: a secret that is stored already may stay empty. */
export function faultOf(field: SettingField, typed: Typed | undefined, kept: boolean): SettingFault | null {
  const { least, most } = field
  if (typed === '' || typed === undefined) {
    if (field.kind === 'number' || field.kind === 'seconds') return field.required || (!field.nullable && field.fallback === null) ? { key: 'blank', least, most } : null
    return field.required && !kept ? { key: field.kind === 'choice' ? 'choose' : 'blank', least, most } : null
  }
  if (typeof typed !== 'number') return null
  if (field.whole && !Number.isInteger(typed)) return { key: 'whole', least, most }
  return (least !== null && typed < least) || (most !== null && typed > most) ? { key: 'range', least, most } : null
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function at(values: Record<string, unknown>, name: string): unknown {
  return name.split('.').reduce<unknown>((found, part) => (isObject(found) ? found[part] : undefined), values)
}

function put(into: Record<string, unknown>, [first = '', ...rest]: string[], value: unknown): void {
  if (!rest.length) into[first] = value
  else {
    const below = isObject(into[first]) ? into[first] : {}
    into[first] = below
    put(below, rest, value)
  }
}
