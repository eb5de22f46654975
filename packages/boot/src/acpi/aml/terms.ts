/** A small AML encoder: ACPI 6.5, chapter 20 "AML Specification". What it has is what tables of a virtual PC need. */
import { BootError } from '../../errors.ts'
import { ascii, concatenate, littleEndian } from './bytes.ts'
import { encodeName } from './names.ts'

/** What has a value: data, and expressions. */
export interface AmlValue {
  readonly kind: 'value'
  readonly bytes: Uint8Array
}
/** What a result can be stored into, which is also a value. */
export interface AmlTarget extends AmlValue {
  readonly isTarget: true
}
/** What stands in a scope, a device or a method. */
export interface AmlStatement {
  readonly kind: 'statement'
  readonly bytes: Uint8Array
}

type Parts = readonly (Uint8Array | readonly number[])[]

/** Opcodes: ACPI 6.5, 20.3 "AML Byte Stream Byte Values". */
const OP = {
  ZERO: 0x00,
  ONE: 0x01,
  NAME: 0x08,
  BYTE: 0x0a,
  WORD: 0x0b,
  DWORD: 0x0c,
  STRING: 0x0d,
  QWORD: 0x0e,
  SCOPE: 0x10,
  BUFFER: 0x11,
  PACKAGE: 0x12,
  METHOD: 0x14,
  EXTENDED: 0x5b,
  LOCAL0: 0x60,
  ARG0: 0x68,
  STORE: 0x70,
  AND: 0x7b,
  OR: 0x7d,
  CREATE_DWORD_FIELD: 0x8a,
  LAND: 0x90,
  LOR: 0x91,
  LNOT: 0x92,
  LEQUAL: 0x93,
  IF: 0xa0,
  ELSE: 0xa1,
  RETURN: 0xa4,
} as const

/** Opcodes after `EXTENDED`. */
const EXTENDED_OP = { OP_REGION: 0x80, FIELD: 0x81, DEVICE: 0x82 } as const

const value = (...parts: Parts): AmlValue => ({ kind: 'value', bytes: concatenate(parts) })
const target = (...parts: Parts): AmlTarget => ({ kind: 'value', isTarget: true, bytes: concatenate(parts) })
const statement = (...parts: Parts): AmlStatement => ({ kind: 'statement', bytes: concatenate(parts) })
const bytesOf = (terms: readonly { readonly bytes: Uint8Array }[]): Uint8Array => concatenate(terms.map((t) => t.bytes))

/** `PkgLength` (20.2.4) of something, in front of it: the length counts its own bytes. */
function withLength(...parts: Parts): Uint8Array {
  const body = concatenate(parts)
  if (body.length + 1 < 0x40) return concatenate([[body.length + 1], body])
  const following = [1, 2, 3].find((count) => body.length + 1 + count < 2 ** (4 + 8 * count))
  if (following === undefined) throw new BootError('boot.aml', 'an AML object of 256 MiB or more', 'make it smaller')
  const length = body.length + 1 + following
  const lead = (following << 6) | (length & 0xf)
  return concatenate([[lead], littleEndian(Math.floor(length / 16), following), body])
}

// Data.

/** An unsigned integer below 2^53, as short as it can be written. */
export function integer(number: number): AmlValue {
  if (!Number.isSafeInteger(number) || number < 0)
    throw new BootError('boot.aml', `${number} is no AML integer`, 'give an unsigned integer below 2^53')
  if (number <= 1) return value([number === 0 ? OP.ZERO : OP.ONE])
  if (number < 2 ** 8) return value([OP.BYTE, number])
  if (number < 2 ** 16) return value([OP.WORD], littleEndian(number, 2))
  if (number < 2 ** 32) return value([OP.DWORD], littleEndian(number, 4))
  return value([OP.QWORD], littleEndian(number, 8))
}

/** ASCII without NUL. */
export const string = (text: string): AmlValue => value([OP.STRING], ascii(text), [0])

export const buffer = (bytes: Uint8Array | readonly number[]): AmlValue =>
  value([OP.BUFFER], withLength(integer(bytes.length).bytes, bytes))

/** At most 255 elements. */
export function packageOf(elements: readonly AmlValue[]): AmlValue {
  if (elements.length > 255) throw new BootError('boot.aml', 'a package of more than 255 elements', 'split it')
  return value([OP.PACKAGE], withLength([elements.length], bytesOf(elements)))
}

/** A name where a value is wanted. */
export const reference = (path: string): AmlTarget => target(encodeName(path))

/** The number of an EISA identifier such as `PNP0A03` (ASL `EisaId`: ACPI 6.5, 19.6). */
export function eisaId(id: string): AmlValue {
  if (!/^[A-Z]{3}[0-9A-F]{4}$/.test(id))
    throw new BootError('boot.aml', `${id} is no EISA identifier`, 'give three letters and four hexadecimal digits')
  const letters = [0, 1, 2].reduce((bits, n) => (bits << 5) | (id.charCodeAt(n) - 0x40), 0)
  const product = Number.parseInt(id.slice(3), 16)
  return value([OP.DWORD, letters >>> 8, letters & 0xff, product >>> 8, product & 0xff])
}

/** A UUID as ACPI mixes its bytes (ASL `ToUUID`: ACPI 6.5, 19.6). */
export function uuid(text: string): AmlValue {
  const digits = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.replaceAll('-', '') : ''
  if (digits === '') throw new BootError('boot.aml', `${text} is no UUID`, 'give 32 digits in five groups')
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  return buffer(order.map((n) => Number.parseInt(digits.slice(2 * n, 2 * n + 2), 16)))
}

// Declarations.

export const name = (path: string, content: AmlValue): AmlStatement =>
  statement([OP.NAME], encodeName(path), content.bytes)

export const scope = (path: string, terms: readonly AmlStatement[]): AmlStatement =>
  statement([OP.SCOPE], withLength(encodeName(path), bytesOf(terms)))

export const device = (path: string, terms: readonly AmlStatement[]): AmlStatement =>
  statement([OP.EXTENDED, EXTENDED_OP.DEVICE], withLength(encodeName(path), bytesOf(terms)))

export interface MethodOptions {
  /** Number of arguments, 0 to 7. */
  readonly args?: number
  /** One thread at a time: what a method needs that makes named objects. */
  readonly serialized?: boolean
}

const METHOD_SERIALIZED = 0x08

export const method = (
  path: string,
  { args = 0, serialized = false }: MethodOptions,
  terms: readonly AmlStatement[],
): AmlStatement =>
  statement(
    [OP.METHOD],
    withLength(encodeName(path), [(args & 7) | (serialized ? METHOD_SERIALIZED : 0)], bytesOf(terms)),
  )

/** Region spaces: ACPI 6.5, 19.6, "OperationRegion". */
export const REGION_SPACE = { SYSTEM_MEMORY: 0, SYSTEM_IO: 1 } as const

export interface OperationRegion {
  readonly space: (typeof REGION_SPACE)[keyof typeof REGION_SPACE]
  readonly offset: number
  readonly sizeBytes: number
}

export const operationRegion = (path: string, { space, offset, sizeBytes }: OperationRegion): AmlStatement =>
  statement(
    [OP.EXTENDED, EXTENDED_OP.OP_REGION],
    encodeName(path),
    [space],
    integer(offset).bytes,
    integer(sizeBytes).bytes,
  )

/** Widths of accesses to a field: ACPI 6.5, 20.2.5.2. */
export const FIELD_ACCESS = { ANY: 0, BYTE: 1, WORD: 2, DWORD: 3 } as const

/** Fields of a region, from its start on without gaps: name and width in bits. */
export const fields = (
  region: string,
  access: (typeof FIELD_ACCESS)[keyof typeof FIELD_ACCESS],
  units: readonly (readonly [name: string, bits: number])[],
): AmlStatement => {
  // The length of a field has the form of a PkgLength, but counts bits, and not itself.
  const elements = units.map(([unit, bits]) => [
    ...encodeName(unit),
    ...(bits < 0x40 ? [bits] : [0x40 | (bits & 0xf), bits >>> 4]),
  ])
  return statement([OP.EXTENDED, EXTENDED_OP.FIELD], withLength(encodeName(region), [access], ...elements))
}

/** Names 32 bits of a buffer, from a byte on. */
export const createDwordField = (source: AmlValue, byteIndex: number, path: string): AmlStatement =>
  statement([OP.CREATE_DWORD_FIELD], source.bytes, integer(byteIndex).bytes, encodeName(path))

// Statements and expressions of methods.

/** Argument 0 to 6 of the method. */
export const arg = (number: 0 | 1 | 2 | 3 | 4 | 5 | 6): AmlTarget => target([OP.ARG0 + number])

/** Local variable 0 to 7 of the method. */
export const local = (number: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7): AmlTarget => target([OP.LOCAL0 + number])

export const store = (source: AmlValue, into: AmlTarget): AmlStatement =>
  statement([OP.STORE], source.bytes, into.bytes)

export const returned = (result: AmlValue): AmlStatement => statement([OP.RETURN], result.bytes)

/** An expression for what it stores. */
export const evaluated = (expression: AmlValue): AmlStatement => statement(expression.bytes)

const NO_TARGET = [0x00]

/** The bits that both have; also stored, if there is somewhere to store it. */
export const and = (a: AmlValue, b: AmlValue, into?: AmlTarget): AmlValue =>
  value([OP.AND], a.bytes, b.bytes, into?.bytes ?? NO_TARGET)
/** The bits that one of two has; also stored, if there is somewhere to store it. */
export const or = (a: AmlValue, b: AmlValue, into?: AmlTarget): AmlValue =>
  value([OP.OR], a.bytes, b.bytes, into?.bytes ?? NO_TARGET)
export const equal = (a: AmlValue, b: AmlValue): AmlValue => value([OP.LEQUAL], a.bytes, b.bytes)
export const not = (a: AmlValue): AmlValue => value([OP.LNOT], a.bytes)
export const both = (a: AmlValue, b: AmlValue): AmlValue => value([OP.LAND], a.bytes, b.bytes)
export const either = (a: AmlValue, b: AmlValue): AmlValue => value([OP.LOR], a.bytes, b.bytes)

/** `If`, and where there is an alternative, `Else`. */
export const when = (
  condition: AmlValue,
  terms: readonly AmlStatement[],
  otherwise: readonly AmlStatement[] = [],
): AmlStatement => {
  const first = [[OP.IF], withLength(condition.bytes, bytesOf(terms))]
  return otherwise.length === 0 ? statement(...first) : statement(...first, [OP.ELSE], withLength(bytesOf(otherwise)))
}

/** The definition block: terms one after the other. */
export const block = (terms: readonly AmlStatement[]): Uint8Array => bytesOf(terms)
