import { firmware } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { compareEngines, compareWithQemu } from './index.ts'
import { qemuVersion } from './qemu.ts'

describe('the firmware', () => {
  it('leaves both engines in the same state and memory, from the reset vector to its end', async () => {
    const result = await compareEngines(firmware().image)
    expect(result.text).toBe('reference and interpreter agree after 5687 instructions, where both are halted')
  })

  // All of it, and both engines: `npm run -s conformance -- lockstep`.
  it.skipIf(qemuVersion() === null)('does in QEMU what it does here, at first (needs qemu-system-x86_64)', async () => {
    const result = await compareWithQemu('interpreter', firmware().image, 800)
    expect(result.text).toBe('interpreter and qemu agree after 800 instructions')
  })

  it.skipIf(qemuVersion() === null)('is led to where QEMU differs (needs qemu-system-x86_64)', async () => {
    const { image, labels } = firmware()
    const changed = image.slice()
    // MOV BX, 1 becomes MOV BX, 3 in what QEMU gets.
    const at = Number(labels.get('real_loop')) - 0xf0000 - 2
    changed[at] = 3
    const result = await compareWithQemu('interpreter', image, 100, changed)
    expect(result.text).toMatch(
      /differ after 9 instructions\nat f0010: mov bx, 0x1\n {2}rbx +interpreter: 1 {2}qemu: 3/,
    )
  })
})
