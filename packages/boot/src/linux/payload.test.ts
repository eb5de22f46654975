import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bzImage } from '../../tests/bz-image.ts'
import { elfImage } from '../../tests/elf-image.ts'
import { codeOf, planOf } from '../../tests/plan.ts'
import { readElf } from '../elf/index.ts'
import { memoryMap } from '../load/index.ts'
import { loadElfKernel, pvhEntry } from '../pvh/index.ts'
import { type Decompress, extractVmlinux, findPayload, loadBzImage } from './index.ts'

const vmlinux = elfImage({ class: 64, address: 0x100_0000n })
/** A bzImage with a payload at 0x100, and what the build puts behind it. */
const withPayload = (payload: Uint8Array, size: readonly number[] = []) => {
  const kernel = new Uint8Array(0x100 + payload.length + size.length + 32)
  kernel.set(payload, 0x100)
  kernel.set(size, 0x100 + payload.length)
  return bzImage({ kernel, payload: { offset: 0x100, sizeBytes: payload.length + size.length } })
}
const gzip: Decompress = (format, bytes) => (format === 'gzip' ? gunzipSync(bytes) : undefined)
const extracted = async (image: Uint8Array, decompress?: Decompress) => {
  const result = await extractVmlinux(image, decompress)
  return result.kind === 'rejected' ? result.code : result.bytes
}

describe('the payload of a bzImage', () => {
  it('is found, and how it is compressed', () => {
    const image = withPayload(gzipSync(vmlinux))
    expect(findPayload(image)).toMatchObject({ format: 'gzip', uncompressedBytes: vmlinux.length })
    const zstd = findPayload(withPayload(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1), [0, 1, 0, 0]))
    expect(zstd).toMatchObject({ format: 'zstd', uncompressedBytes: 256 })
    expect(zstd.kind === 'payload' && zstd.bytes).toHaveLength(5)
  })

  it('becomes the vmlinux', async () => {
    expect(await extracted(withPayload(gzipSync(vmlinux)), gzip)).toEqual(Buffer.from(vmlinux))
    expect(await extracted(withPayload(vmlinux))).toEqual(vmlinux)
  })

  it('is rejected where it cannot', async () => {
    expect(await extracted(withPayload(gzipSync(vmlinux)))).toBe('boot.unsupported')
    expect(await extracted(withPayload(gzipSync(vmlinux).fill(0, 20, 40)), gzip)).toBe('boot.malformed')
    expect(await extracted(withPayload(gzipSync(Uint8Array.of(1, 2, 3, 4))), gzip)).toBe('boot.malformed')
    expect(await extracted(withPayload(Uint8Array.of(1, 2, 3, 4, 5)))).toBe('boot.unsupported')
    expect(await extracted(withPayload(Uint8Array.of(0x1f, 0x8b), [0, 0, 0, 0xff]))).toBe('boot.too-large')
    expect(await extracted(bzImage())).toBe('boot.old-protocol')
    expect(await extracted(bzImage({ payload: { offset: 0, sizeBytes: 0x10_0000 } }))).toBe('boot.truncated')
    expect(await extracted(vmlinux)).toBe('boot.not-this-format')
  })
})

const kernelPath = process.env.RINGFOLD_TEST_KERNEL

describe.skipIf(kernelPath === undefined)('a kernel of a distribution (skipped without RINGFOLD_TEST_KERNEL)', () => {
  const image = kernelPath === undefined ? new Uint8Array(0) : readFileSync(kernelPath)
  const map = memoryMap({ ramBytes: 2 ** 28 })

  it('is loaded by its own entry', () => {
    expect(codeOf(loadBzImage(image, { map }))).toBe('boot')
    expect(codeOf(loadBzImage(image.subarray(0, image.length / 2), { map }))).toBe('boot.truncated')
  })

  it('has a vmlinux with a PVH entry', { timeout: 60_000 }, async () => {
    const result = await extractVmlinux(image)
    if (result.kind === 'rejected') throw new Error(result.message)
    const file = readElf(result.bytes)
    const entry = file.kind === 'elf' ? pvhEntry(file) : undefined
    expect(entry).toBeGreaterThanOrEqual(0x100_0000)
    expect(planOf(loadElfKernel(result.bytes, { map })).entry.rip).toBe(entry)
  })
})
