import type { PhysicalAddress } from './memory.ts'

/** Bits of an access that is translated. */
export interface TranslationAccess {
  readonly write: boolean
  readonly fetch: boolean
  /** Made at CPL 3, and not an implicit access to a system structure. */
  readonly user: boolean
  /** Implicit supervisor access: SMAP holds whatever EFLAGS.AC says. */
  readonly implicit: boolean
}

/** What became of a linear address. */
export type Translation =
  | {
      readonly kind: 'page'
      readonly address: PhysicalAddress
      /** Bytes of the page: 4096, 2 MiB, 4 MiB or 1 GiB. */
      readonly pageBytes: number
      readonly writable: boolean
      readonly user: boolean
      readonly executable: boolean
      readonly global: boolean
    }
  | { readonly kind: 'fault'; readonly errorCode: number }

/** Turns linear addresses into physical ones: a walk, a TLB, a shadow, or two stages. */
export interface AddressTranslator {
  /** Translates, and sets accessed and dirty bits as the access would. `address` is canonical. */
  translate(address: bigint, access: TranslationAccess): Translation
  /** Forgets what it knows of one page. */
  invalidate(address: bigint): void
  /** Forgets everything, or everything but global pages. */
  flush(keepGlobal: boolean): void
}
