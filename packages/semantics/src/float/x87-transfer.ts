/** Routines of x87 loads and stores (SDM vol. 1, 8.3.3). */
import type { Routine } from '../helpers/types.ts'
import type { Value } from '../ir/types.ts'
import { convert, fromInteger, toInteger } from './convert.ts'
import { BINARY32, BINARY64, EXTENDED, type Format, putTogether, takeApart } from './format.ts'
import { DEFAULT_NAN, DESTINATION, Fpu, type FpuOperation, resultTop } from './fpu.ts'
import { EXCEPTIONS, ROUNDING } from './operation.ts'

/** A push: a stack fault where the source is missing, or the register is not empty. */
const pushing =
  (work: (op: FpuOperation, fpu: Fpu) => void, isMissing: (fpu: Fpu) => Value = ({ f }) => f.n(0)): Routine =>
  (b) => {
    const fpu = new Fpu(b)
    const { f } = fpu
    const op = fpu.operation()
    b.if(
      isMissing(fpu),
      () => op.stackFault(0),
      () =>
        b.if(
          fpu.isEmpty(fpu.physical(f.n(7))),
          () => work(op, fpu),
          () => op.stackFault(1),
        ),
    )
    fpu.commit(op, DESTINATION.register, () => fpu.push(op.significand.get(), resultTop(op)))
  }

/** Element 0: the raw bits. A signaling NaN and a denormal are reported, other than with 80 bits. */
const loadNarrow = (format: Format): Routine =>
  pushing((op, { f, b }) => {
    const raw = format.bits === 32 ? f.extend(b.result(0, 32)) : b.result(0)
    convert(op, format, takeApart(f, format, raw), true)
  })

/** Takes an image of 80 bits as it is. */
function finishImage(op: FpuOperation, significand: Value, topHalf: Value): void {
  const { f } = op
  op.finish(f.i32('shr_u', topHalf, f.n(15)), f.and(topHalf, f.n(0x7fff)), significand)
}

/** Elements 0 and 1: significand; sign and exponent. */
const loadExtended = pushing((op, { f, b }) => finishImage(op, b.result(0), f.and(b.result(1, 32), f.n(0xffff))))

/** Word 0: ST(i). An empty register there counts before a full one that is pushed upon. */
const loadRegister = pushing(
  (op, fpu) => {
    const physical = fpu.physical(fpu.b.argumentWord(0))
    finishImage(op, fpu.significand(physical), fpu.topHalf(physical))
  },
  (fpu) => fpu.isEmpty(fpu.physical(fpu.b.argumentWord(0))),
)

/** Element 0: a signed integer. */
const loadInteger = pushing((op, { b }) => fromInteger(op, b.result(0)))

/** Elements 0 and 1: 16 digits; two digits and the sign in bit 15. Digits above 9 count as what they are. */
const loadDecimal = pushing((op, { f, b }) => {
  const low = f.variable64(b.result(0))
  const high = b.result(1, 32)
  const digit = (v: Value) => f.i64('and', v, f.w(15))
  const tens = f.i64('mul', digit(f.i64('shr_u', f.extend(high), f.w(4))), f.w(10))
  const value = f.variable64(f.i64('add', tens, digit(f.extend(high))))
  const left = f.variable32(f.n(16))
  b.loop(() => {
    const next = digit(f.i64('shr_u', low.get(), f.w(60)))
    value.set(f.i64('add', f.i64('mul', value.get(), f.w(10)), next))
    low.set(f.i64('shl', low.get(), f.w(4)))
    left.set(f.i32('sub', left.get(), f.n(1)))
    return left.get()
  })
  fromInteger(op, value.get())
  op.sign.set(f.bit(high, 15))
})

/**
 * A store. Words: 1 to pop, 1 to truncate (integers). Element 0 (and 1 beyond 64 bits): what to store; element 2: 0 where an unmasked
 * exception keeps memory and stack as they are. What is pushed off is gone already: the lifting has probed its memory.
 */
const storing =
  (
    format: Format,
    work: (op: FpuOperation, fpu: Fpu) => void,
    missing: (op: FpuOperation) => void,
    give: (op: FpuOperation, fpu: Fpu) => void,
  ): Routine =>
  (b) => {
    const fpu = new Fpu(b)
    const { f } = fpu
    const op = fpu.storing(format)
    b.if(
      fpu.isEmpty(fpu.top()),
      () => {
        op.stackFault(0)
        missing(op)
      },
      () => work(op, fpu),
    )
    b.argument(2, f.w(0))
    fpu.commit(op, DESTINATION.memory, () => {
      give(op, fpu)
      b.argument(2, f.w(1))
      fpu.popIf(b.argumentWord(0))
    })
  }

const nothing = (): void => undefined

const storeNarrow = (format: Format): Routine =>
  storing(
    format,
    (op, fpu) => convert(op, EXTENDED, fpu.parts(fpu.top()), false),
    nothing,
    (op, { f, b }) => b.argument(0, putTogether(f, format, op.sign.get(), op.exponent.get(), op.significand.get())),
  )

/** 80 bits are stored as they are. */
const storeExtended = storing(
  EXTENDED,
  (op, fpu) => finishImage(op, fpu.significand(fpu.top()), fpu.topHalf(fpu.top())),
  nothing,
  (op, { f, b }) => {
    b.argument(0, op.significand.get())
    b.argument(1, f.extend(resultTop(op)))
  },
)

const rounding = ({ f, b }: Fpu, op: FpuOperation): Value =>
  f.select(b.argumentWord(1), f.n(ROUNDING.zero), op.control.rounding)

const storeInteger = (bits: 16 | 32 | 64): Routine =>
  storing(
    EXTENDED,
    (op, fpu) => toInteger(op, fpu.parts(fpu.top()), rounding(fpu, op), bits),
    (op) => op.significand.set(op.f.w(-(1n << BigInt(bits - 1)))),
    (op, { b }) => b.argument(0, op.significand.get()),
  )

const DECIMAL_LIMIT = 10n ** 18n - 1n
/** The packed decimal indefinite (SDM vol. 1, table 4-4): an exponent that no decimal has marks it. */
const INDEFINITE = 1

const storeDecimal = storing(
  EXTENDED,
  (op, fpu) => {
    const { f } = op
    const x = fpu.parts(fpu.top())
    const sign = x.sign
    toInteger(op, x, rounding(fpu, op), 64)
    const v = op.significand.get()
    const magnitude = f.select(f.i64('lt_s', v, f.w(0)), f.i64('sub', f.w(0), v), v)
    f.b.if(
      f.i64('gt_u', magnitude, f.w(DECIMAL_LIMIT)),
      () => {
        op.flags.set(f.n(EXCEPTIONS.invalid))
        op.exponent.set(f.n(INDEFINITE))
      },
      () => op.finish(sign, f.n(0), magnitude),
    )
  },
  (op) => op.exponent.set(op.f.n(INDEFINITE)),
  (op, fpu) =>
    op.f.b.if(
      op.exponent.get(),
      () => {
        fpu.b.argument(0, fpu.f.w(DEFAULT_NAN.significand))
        fpu.b.argument(1, fpu.f.w(0xffff))
      },
      () => giveDecimal(op, fpu),
    ),
)

/** The decimal digits of the significand, two at a time, lowest first. */
function giveDecimal(op: FpuOperation, { f, b }: Fpu): void {
  const rest = f.variable64(op.significand.get())
  const digits = f.variable64(f.w(0))
  const left = f.variable32(f.n(16))
  b.loop(() => {
    const digit = f.i64('rem_u', rest.get(), f.w(10))
    digits.set(f.i64('or', f.i64('shr_u', digits.get(), f.w(4)), f.i64('shl', digit, f.w(60))))
    rest.set(f.i64('div_u', rest.get(), f.w(10)))
    left.set(f.i32('sub', left.get(), f.n(1)))
    return left.get()
  })
  const tens = f.i64('shl', f.i64('div_u', rest.get(), f.w(10)), f.w(4))
  const high = f.i64('or', tens, f.i64('rem_u', rest.get(), f.w(10)))
  b.argument(0, digits.get())
  b.argument(1, f.i64('or', high, f.i64('shl', f.extend(op.sign.get()), f.w(15))))
}

export const X87_TRANSFER: Readonly<Record<string, Routine>> = {
  'x87.loadF32': loadNarrow(BINARY32),
  'x87.loadF64': loadNarrow(BINARY64),
  'x87.loadF80': loadExtended,
  'x87.loadRegister': loadRegister,
  'x87.loadInteger': loadInteger,
  'x87.loadDecimal': loadDecimal,
  'x87.storeF32': storeNarrow(BINARY32),
  'x87.storeF64': storeNarrow(BINARY64),
  'x87.storeF80': storeExtended,
  'x87.storeI16': storeInteger(16),
  'x87.storeI32': storeInteger(32),
  'x87.storeI64': storeInteger(64),
  'x87.storeDecimal': storeDecimal,
}
