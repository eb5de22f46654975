import { expect, it } from 'vitest'
import { MEMORY_TYPE_E820, memoryMap } from './index.ts'

const { RAM, RESERVED, ACPI } = MEMORY_TYPE_E820
const rows = (options: Parameters<typeof memoryMap>[0]) =>
  memoryMap(options).map(({ address, sizeBytes, type }) => [address, address + sizeBytes, type])

const LOW = [
  [0, 0x9_fc00, RAM],
  [0x9_fc00, 0xa_0000, RESERVED],
  [0xf_0000, 0x10_0000, RESERVED],
]

it('is a PC: conventional memory, BIOS, RAM up to the hole and from 4 GiB on', () => {
  expect(rows({ ramBytes: 0x800_0000 })).toEqual([...LOW, [0x10_0000, 0x800_0000, RAM]])
  expect(rows({ ramBytes: 0x1_0000_0000 })).toEqual([
    ...LOW,
    [0x10_0000, 0xc000_0000, RAM],
    [0x1_0000_0000, 0x1_4000_0000, RAM],
  ])
})

it('has special ranges instead of RAM, and joins what adjoins', () => {
  const special = [
    { address: 0xe_0000, sizeBytes: 0x1_0000, type: RESERVED },
    { address: 0x7f_0000, sizeBytes: 0x1_0000, type: ACPI },
    { address: 0xe000_0000, sizeBytes: 0x1000_0000, type: RESERVED },
  ]
  expect(rows({ ramBytes: 0x80_0000, special })).toEqual([
    ...LOW.slice(0, 2),
    [0xe_0000, 0x10_0000, RESERVED],
    [0x10_0000, 0x7f_0000, RAM],
    [0x7f_0000, 0x80_0000, ACPI],
    [0xe000_0000, 0xf000_0000, RESERVED],
  ])
})

it('has what little there is', () => {
  expect(rows({ ramBytes: 0x5_0000 })).toEqual([[0, 0x5_0000, RAM], ...LOW.slice(1)])
})
