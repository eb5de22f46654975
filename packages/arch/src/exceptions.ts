/** How an exception is reported: where the saved instruction pointer points, and whether the program can go on. */
export type ExceptionKind = 'fault' | 'trap' | 'fault or trap' | 'abort' | 'interrupt'

/** The class that decides what a second exception during delivery becomes. */
export type ExceptionClass = 'benign' | 'contributory' | 'page-fault' | 'double-fault'

/** What is pushed as error code: nothing, always zero, or one of the formats of `segmentation.ts` and `paging.ts`. */
export type ErrorCodeKind = 'none' | 'zero' | 'selector' | 'page-fault' | 'control-protection' | 'other'

/** One of the vectors 0 to 31 that the processor itself raises. */
export interface Exception {
  readonly vector: number
  /** As instruction pages write it: `#GP`. NMI has no number sign. */
  readonly mnemonic: string
  readonly name: string
  readonly kind: ExceptionKind
  readonly class: ExceptionClass
  readonly errorCode: ErrorCodeKind
  readonly source: string
  readonly note?: string
}

const INTEL = 'Intel SDM vol. 3A, 7.3.1 table 7-1, and 7.15 "Exception and Interrupt Reference"'
const AMD = 'AMD APM vol. 2, 8.2 "Vectors"'

type Row = readonly [
  vector: number,
  name: string,
  kind: ExceptionKind,
  exceptionClass: ExceptionClass,
  errorCode: ErrorCodeKind,
  details?: { readonly source?: string; readonly note?: string },
]

// biome-ignore format: a table
const ROWS = {
  '#DE': [0, 'Divide Error', 'fault', 'contributory', 'none'],
  '#DB': [1, 'Debug', 'fault or trap', 'benign', 'none'],
  NMI: [2, 'Nonmaskable Interrupt', 'interrupt', 'benign', 'none'],
  '#BP': [3, 'Breakpoint', 'trap', 'benign', 'none'],
  '#OF': [4, 'Overflow', 'trap', 'benign', 'none'],
  '#BR': [5, 'BOUND Range Exceeded', 'fault', 'benign', 'none'],
  '#UD': [6, 'Invalid Opcode', 'fault', 'benign', 'none'],
  '#NM': [7, 'Device Not Available', 'fault', 'benign', 'none'],
  '#DF': [8, 'Double Fault', 'abort', 'double-fault', 'zero'],
  CSO: [
    9, 'Coprocessor Segment Overrun', 'abort', 'benign', 'none',
    { note: 'raised by the 386 only; the SDM has no mnemonic, and table 7-1 says fault where 7.15 says abort' },
  ],
  '#TS': [10, 'Invalid TSS', 'fault', 'contributory', 'selector'],
  '#NP': [11, 'Segment Not Present', 'fault', 'contributory', 'selector'],
  '#SS': [12, 'Stack-Segment Fault', 'fault', 'contributory', 'selector'],
  '#GP': [13, 'General Protection', 'fault', 'contributory', 'selector'],
  '#PF': [14, 'Page Fault', 'fault', 'page-fault', 'page-fault'],
  '#MF': [16, 'x87 FPU Floating-Point Error', 'fault', 'benign', 'none'],
  '#AC': [17, 'Alignment Check', 'fault', 'benign', 'zero'],
  '#MC': [18, 'Machine Check', 'abort', 'benign', 'none'],
  '#XM': [19, 'SIMD Floating-Point', 'fault', 'benign', 'none', { note: 'AMD writes #XF' }],
  '#VE': [20, 'Virtualization Exception', 'fault', 'page-fault', 'none'],
  '#CP': [21, 'Control Protection', 'fault', 'contributory', 'control-protection'],
  '#HV': [28, 'Hypervisor Injection', 'interrupt', 'benign', 'none', { source: AMD, note: 'class pending: not verified' }],
  '#VC': [29, 'VMM Communication', 'fault', 'benign', 'other', { source: AMD, note: 'class pending: not verified' }],
  '#SX': [30, 'Security Exception', 'fault', 'benign', 'other', { source: AMD, note: 'class pending: not verified' }],
} as const satisfies Record<string, Row>

/** `#DE` to `#SX`, `NMI`, and `CSO` for vector 9, which the manuals give no mnemonic. */
export type ExceptionMnemonic = keyof typeof ROWS

/** The exceptions by mnemonic: `EXCEPTION['#GP'].vector`. */
export const EXCEPTION: { readonly [M in ExceptionMnemonic]: Exception } = /* @__PURE__ */ exceptionTable()

function exceptionTable(): { readonly [M in ExceptionMnemonic]: Exception } {
  const entries = Object.entries<Row>(ROWS).map(([mnemonic, row]) => {
    const [vector, name, kind, exceptionClass, errorCode, { source = INTEL, note } = {}] = row
    const exception = { vector, mnemonic, name, kind, class: exceptionClass, errorCode, source }
    return [mnemonic, Object.freeze(note === undefined ? exception : { ...exception, note })]
  })
  return Object.freeze(Object.fromEntries(entries))
}

/** The exception of a vector, or `undefined` for vectors that no processor raises by itself. */
export function exceptionOf(vector: number): Exception | undefined {
  return Object.values(EXCEPTION).find((exception) => exception.vector === vector)
}

/**
 * What becomes of a second exception that arises while a first is being delivered: it is handled in its turn
 * (`serial`), the two become a double fault (`double-fault`), or the processor shuts down (`shutdown`).
 *
 * Intel SDM vol. 3A, 7.15, "Interrupt 8—Double Fault Exception (#DF)", conditions for generating a double fault;
 * AMD APM vol. 2, 8.2.9.
 */
export function combineExceptions(
  first: ExceptionClass,
  second: ExceptionClass,
): 'serial' | 'double-fault' | 'shutdown' {
  if (first === 'benign' || second === 'benign') return 'serial'
  if (first === 'double-fault') return 'shutdown'
  if (first === 'contributory' && second === 'page-fault') return 'serial'
  return 'double-fault'
}
