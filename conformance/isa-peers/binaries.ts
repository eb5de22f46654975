import { executableSections as executableSectionsOf, readElf } from '@ringfold/boot/elf'

/** The contents of the executable sections of an ELF file. Throws where the bytes are no such file. */
export function executableSections(bytes: Uint8Array): Uint8Array[] {
  const file = readElf(bytes)
  if (file.kind === 'rejected') throw new Error(`this file ${file.message}`)
  return executableSectionsOf(file).map((section) => section.bytes)
}
