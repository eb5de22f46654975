/** Names of AML: ACPI 6.5, 20.2.2 "Name Objects Encoding". */
import { BootError } from '../../errors.ts'
import { ascii } from './bytes.ts'

const DUAL_NAME_PREFIX = 0x2e
const MULTI_NAME_PREFIX = 0x2f
const NULL_NAME = 0x00
const SEGMENT_BYTES = 4

const PATH = /^(\\|\^*)((?:[A-Z_][A-Z0-9_]{0,3})(?:\.[A-Z_][A-Z0-9_]{0,3})*)?$/

/**
 * A path as ASL writes it (`\_SB.PCI0`, `^CRS`); segments are padded with underscores. Throws `BootError` `boot.aml` for what is no
 * path.
 */
export function encodeName(path: string): number[] {
  const [, prefix = '', names] = PATH.exec(path) ?? []
  const segments = names?.split('.') ?? []
  if (!PATH.test(path) || path === '' || segments.length > 255)
    throw new BootError('boot.aml', `${path} is no name of an ACPI namespace`, 'use segments of A to Z, 0 to 9 and _')
  const encoded = segments.flatMap((segment) => ascii(segment.padEnd(SEGMENT_BYTES, '_')))
  const lead = [[NULL_NAME], [], [DUAL_NAME_PREFIX]][segments.length] ?? [MULTI_NAME_PREFIX, segments.length]
  return [...ascii(prefix), ...lead, ...encoded]
}
