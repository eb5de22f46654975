import { bitfield } from './bitfield.ts'

// Rows that several formats share. A format names the rows that it has, so that no position is written twice.
const P = [0, 'present'] as const
const RW = [1, 'writes allowed', { aka: ['R/W'] }] as const
const US = [2, 'user-mode accesses allowed', { aka: ['U/S'] }] as const
const PWT = [3, 'page-level write-through'] as const
const PCD = [4, 'page-level cache disable'] as const
const A = [5, 'accessed'] as const
const D = [6, 'dirty'] as const
const PS = [7, 'page size: this entry maps a page'] as const
const PAT_PTE = [7, 'page attribute table index, bit 2'] as const
const PAT_PAGE = [12, 'page attribute table index, bit 2'] as const
const G = [8, 'global: kept when CR3 is loaded'] as const
const R = [11, 'restart with ordinary paging; ignored unless the walk is HLAT paging'] as const
const ADDRESS_4K = ['51:12', 'physical address, bits 51:12'] as const
const ADDRESS_2M = ['51:21', 'physical address, bits 51:21'] as const
const ADDRESS_1G = ['51:30', 'physical address, bits 51:30'] as const
const PK = ['62:59', 'protection key; ignored unless CR4.PKE or CR4.PKS'] as const
const XD = [63, 'no instruction fetches; reserved unless IA32_EFER.NXE', { aka: ['NX'] }] as const

const SOURCE_32 = 'Intel SDM vol. 3A, 5.3 "32-Bit Paging"'
const SOURCE_PAE = 'Intel SDM vol. 3A, 5.4.2 "Linear-Address Translation with PAE Paging"'
const SOURCE_64 = 'Intel SDM vol. 3A, 5.5.4 "Linear-Address Translation with 4-Level Paging and 5-Level Paging"'

// Reserved bits here are those of a 52-bit MAXPHYADDR: address bits at or above the processor's own are reserved as well.

/** 32-bit paging: a page-directory entry that refers to a page table. */
export const PDE_32 = /* @__PURE__ */ bitfield({
  name: '32-bit PDE',
  widthBits: 32,
  source: SOURCE_32,
  fields: { P, RW, US, PWT, PCD, A, PS, ADDRESS: ['31:12', 'physical address of the page table, bits 31:12'] },
  ignored: '11:8,6',
})

/**
 * 32-bit paging: a page-directory entry that maps a 4-MByte page (CR4.PSE). `ADDRESS` joins physical-address bits 39:32,
 * which PSE-36 keeps in bits 20:13, to bits 31:22; without PSE-36, bits 20:13 are reserved.
 */
export const PDE_4M = /* @__PURE__ */ bitfield({
  name: '32-bit PDE of a 4-MByte page',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 5.3 "32-Bit Paging"; PSE-36: 5.1.4',
  fields: {
    P,
    RW,
    US,
    PWT,
    PCD,
    A,
    D,
    PS,
    G,
    PAT: PAT_PAGE,
    ADDRESS: ['20:13,31:22', 'physical address, bits 39:22'],
  },
  ignored: '11:9',
})

/** 32-bit paging: a page-table entry. */
export const PTE_32 = /* @__PURE__ */ bitfield({
  name: '32-bit PTE',
  widthBits: 32,
  source: SOURCE_32,
  fields: { P, RW, US, PWT, PCD, A, D, PAT: PAT_PTE, G, ADDRESS: ['31:12', 'physical address, bits 31:12'] },
  ignored: '11:9',
})

/** PAE paging: a page-directory-pointer-table entry, and the PDPTE registers that are loaded from it. */
export const PDPTE_PAE = /* @__PURE__ */ bitfield({
  name: 'PAE PDPTE',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 5.4.1 "PDPTE Registers"',
  fields: { P, PWT, PCD, ADDRESS: ADDRESS_4K },
  ignored: '11:9',
})

/** PAE paging: a page-directory entry that refers to a page table. */
export const PDE_PAE = /* @__PURE__ */ bitfield({
  name: 'PAE PDE',
  widthBits: 64,
  source: SOURCE_PAE,
  fields: { P, RW, US, PWT, PCD, A, PS, ADDRESS: ADDRESS_4K, XD },
  ignored: '11:8,6',
})

/** PAE paging: a page-directory entry that maps a 2-MByte page. */
export const PDE_2M_PAE = /* @__PURE__ */ bitfield({
  name: 'PAE PDE of a 2-MByte page',
  widthBits: 64,
  source: SOURCE_PAE,
  fields: { P, RW, US, PWT, PCD, A, D, PS, G, PAT: PAT_PAGE, ADDRESS: ADDRESS_2M, XD },
  ignored: '11:9',
})

/** PAE paging: a page-table entry. */
export const PTE_PAE = /* @__PURE__ */ bitfield({
  name: 'PAE PTE',
  widthBits: 64,
  source: SOURCE_PAE,
  fields: { P, RW, US, PWT, PCD, A, D, PAT: PAT_PTE, G, ADDRESS: ADDRESS_4K, XD },
  ignored: '11:9',
})

/** 4-level and 5-level paging: a PML5E or PML4E. Bit 7 is reserved: these levels map no pages. */
export const PML4E = /* @__PURE__ */ bitfield({
  name: 'PML4E',
  widthBits: 64,
  source: SOURCE_64,
  fields: { P, RW, US, PWT, PCD, A, R, ADDRESS: ADDRESS_4K, XD },
  ignored: '62:52,10:8,6',
})

/** 4-level and 5-level paging: a PDPTE that refers to a page directory, or a PDE that refers to a page table. */
export const PDE = /* @__PURE__ */ bitfield({
  name: 'PDPTE or PDE',
  widthBits: 64,
  source: SOURCE_64,
  fields: { P, RW, US, PWT, PCD, A, PS, R, ADDRESS: ADDRESS_4K, XD },
  ignored: '62:52,10:8,6',
})

/** 4-level and 5-level paging: a PDPTE that maps a 1-GByte page. */
export const PDPTE_1G = /* @__PURE__ */ bitfield({
  name: 'PDPTE of a 1-GByte page',
  widthBits: 64,
  source: SOURCE_64,
  fields: { P, RW, US, PWT, PCD, A, D, PS, G, R, PAT: PAT_PAGE, ADDRESS: ADDRESS_1G, PK, XD },
  ignored: '58:52,10:9',
})

/** 4-level and 5-level paging: a PDE that maps a 2-MByte page. */
export const PDE_2M = /* @__PURE__ */ bitfield({
  name: 'PDE of a 2-MByte page',
  widthBits: 64,
  source: SOURCE_64,
  fields: { P, RW, US, PWT, PCD, A, D, PS, G, R, PAT: PAT_PAGE, ADDRESS: ADDRESS_2M, PK, XD },
  ignored: '58:52,10:9',
})

/** 4-level and 5-level paging: a page-table entry. */
export const PTE = /* @__PURE__ */ bitfield({
  name: 'PTE',
  widthBits: 64,
  source: SOURCE_64,
  fields: { P, RW, US, PWT, PCD, A, D, PAT: PAT_PTE, G, R, ADDRESS: ADDRESS_4K, PK, XD },
  ignored: '58:52,10:9',
})

/** The error code of #PF. */
export const PAGE_FAULT_ERROR_CODE = /* @__PURE__ */ bitfield({
  name: 'page-fault error code',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 5.7 "Page-Fault Exceptions"; AMD APM vol. 2, 8.4.2 "Page-Fault Error Code"',
  fields: {
    P: [0, 'a protection violation, not an absent page'],
    WR: [1, 'the access was a write', { aka: ['W/R'] }],
    US: [2, 'the access was a user-mode access', { aka: ['U/S'] }],
    RSVD: [3, 'a reserved bit was set in a paging-structure entry'],
    ID: [4, 'the access was an instruction fetch', { aka: ['I/D'] }],
    PK: [5, 'a protection key forbade the access'],
    SS: [6, 'the access was a shadow-stack access'],
    HLAT: [7, 'the fault arose in HLAT paging'],
    SGX: [15, 'SGX access control forbade the access'],
    RMP: [31, 'the reverse map table forbade the access', { source: 'AMD APM vol. 2, 8.4.2' }],
  },
})

const KEY_RIGHTS = 'bit 0 AD: no accesses; bit 1 WD: no writes'

/** PKRU, and IA32_PKRS for supervisor pages: two bits for each of the 16 protection keys. */
export const PKRU = /* @__PURE__ */ bitfield({
  name: 'PKRU',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 2.7 "Protection-Key Rights Registers (PKRU and IA32_PKRS)" and 5.6.2 "Protection Keys"',
  fields: {
    KEY0: ['1:0', KEY_RIGHTS],
    KEY1: ['3:2', KEY_RIGHTS],
    KEY2: ['5:4', KEY_RIGHTS],
    KEY3: ['7:6', KEY_RIGHTS],
    KEY4: ['9:8', KEY_RIGHTS],
    KEY5: ['11:10', KEY_RIGHTS],
    KEY6: ['13:12', KEY_RIGHTS],
    KEY7: ['15:14', KEY_RIGHTS],
    KEY8: ['17:16', KEY_RIGHTS],
    KEY9: ['19:18', KEY_RIGHTS],
    KEY10: ['21:20', KEY_RIGHTS],
    KEY11: ['23:22', KEY_RIGHTS],
    KEY12: ['25:24', KEY_RIGHTS],
    KEY13: ['27:26', KEY_RIGHTS],
    KEY14: ['29:28', KEY_RIGHTS],
    KEY15: ['31:30', KEY_RIGHTS],
  },
})

/** Memory types, as PAT entries and MTRRs encode them. `UC_MINUS` is a PAT encoding only. */
export const MEMORY_TYPE = /* @__PURE__ */ Object.freeze({ UC: 0, WC: 1, WT: 4, WP: 5, WB: 6, UC_MINUS: 7 })
