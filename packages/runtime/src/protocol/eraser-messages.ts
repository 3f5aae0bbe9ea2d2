import { whole, object, ProtocolError, text } from './fields.ts';

/**
 * The messages between the host and the process that erases types. One source at a time: the host
 * sends the next one when the last was answered.
 */

/** Host → eraser. */
export interface EraseMessage {
  readonly type: 'erase';
  readonly source: string;
}

/** What became of a source. */
export type EraserAnswer =
  /** The same text, as long as before, with blanks where types were. */
  | { readonly type: 'erased'; readonly text: string; readonly residentBytes: number }
  /** It does not parse, or holds what cannot be erased. Line and column count from 1. */
  | {
      readonly type: 'refused';
      readonly reason: string;
      readonly line: number;
      readonly column: number;
      readonly residentBytes: number;
    }
  /** The parser broke down over it, and nothing it says afterwards would be worth anything. */
  | { readonly type: 'gave-up' };

/** Eraser → host. */
export type EraserMessage = { readonly type: 'ready' } | EraserAnswer;

/**
 * Checks a value that came from an eraser and gives back a message made of known fields only.
 * @throws {ProtocolError} when it is anything else; the text names the field, never its content.
 */
export function parseEraserMessage(value: unknown): EraserMessage {
  const fields = object(value, 'message');
  switch (fields['type']) {
    case 'ready':
      return { type: 'ready' };
    case 'erased':
      return {
        type: 'erased',
        text: text(fields, 'text'),
        residentBytes: whole(fields, 'residentBytes'),
      };
    case 'refused':
      return {
        type: 'refused',
        reason: text(fields, 'reason'),
        line: whole(fields, 'line'),
        column: whole(fields, 'column'),
        residentBytes: whole(fields, 'residentBytes'),
      };
    case 'gave-up':
      return { type: 'gave-up' };
    default:
      throw new ProtocolError('unknown message type');
  }
}
