/** A refusal with a status and a sentence, answered as the CAR error envelope. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
