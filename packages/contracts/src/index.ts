/**
 * The swap interfaces and value types of Ringfold. Types only: importing this package costs nothing at run time.
 *
 * An interface enters together with its first consumer and its conformance suite; none has entered yet.
 */
export type {}
