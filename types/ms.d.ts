// ms@3.0.0-canary.1 has an `exports` map without `types`, so under nodenext every Temporal `Duration` would silently become `any`
// and `sleep('banana')` would compile. Declaring the one type that the SDK imports brings the check back.
declare module 'ms' {
  type Unit =
    | 'ms'
    | 's'
    | 'm'
    | 'h'
    | 'd'
    | 'w'
    | 'y'
    | 'second'
    | 'seconds'
    | 'minute'
    | 'minutes'
    | 'hour'
    | 'hours'
    | 'day'
    | 'days'
    | 'week'
    | 'weeks';
  export type StringValue = `${number}` | `${number}${Unit}` | `${number} ${Unit}`;
}
