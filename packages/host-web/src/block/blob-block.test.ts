import { ScratchBlock } from '@ringfold/devices'
import { blockBackendChecks } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { BlobBlock } from './blob-block.ts'

const blobOf = (contents: Uint8Array) => new Blob([contents.slice()])

describe('a disk that is a blob', () => {
  const make = (contents: Uint8Array) => new ScratchBlock(new BlobBlock(blobOf(contents)))
  const makeReadOnly = (contents: Uint8Array) => new BlobBlock(blobOf(contents))
  it.each(blockBackendChecks({ make, makeReadOnly }).map((check) => [check.name, check] as const))('%s', (_, check) =>
    check.run(),
  )

  it.each([0, 511, 513])('has no size of %i bytes', (sizeBytes) => {
    const blob = blobOf(new Uint8Array(sizeBytes))
    expect(() => new BlobBlock(blob)).toThrow(expect.objectContaining({ code: 'web.option' }))
  })
})
