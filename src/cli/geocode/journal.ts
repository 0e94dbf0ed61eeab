/**
 * The journal of answers, one JSON object per line, stored beside the file.
 *
 * Answers are stored by question, not by row: an address that occurs twice is asked once, and rows added or moved
 * between two runs keep their paid answers.
 */
import { type FileHandle, open } from 'node:fs/promises';

export type Answer =
  | { readonly kind: 'found'; readonly place: Readonly<Record<string, unknown>> }
  | { readonly kind: 'not_found'; readonly message: string }
  /** The service refuses the address as it is: asking again would not help. */
  | { readonly kind: 'refused'; readonly message: string };

/** No answer for a temporary reason: an outage, a spent limit. It is not stored, so the next run asks again. */
export interface Pending {
  readonly kind: 'pending';
  readonly message: string;
}

export interface Journal {
  answerTo(question: string): Answer | undefined;
  /** Resolves when the answer is on the disk. */
  keep(question: string, answer: Answer): Promise<void>;
  close(): Promise<void>;
}

/** A last line that a crash has truncated is dropped: its answer did not count as stored. */
export async function openJournal(path: string): Promise<Journal> {
  const file = await open(path, 'a+');
  try {
    const text = await file.readFile('utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    return journalOver(file, readAnswers(whole));
  } catch (error) {
    await file.close();
    throw error;
  }
}

function journalOver(file: FileHandle, answers: Map<string, Answer>): Journal {
  let waiting: string[] = [];
  let flushing: Promise<void> | null = null;

  /** Answers that arrive during a flush share the next one: many answers a second must not cause as many flushes. */
  const flush = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    await file.appendFile(lines.join(''));
    await file.datasync();
  };
  let last: Promise<void> = Promise.resolve();
  return {
    answerTo: (question) => answers.get(question),
    async keep(question, answer) {
      answers.set(question, answer);
      waiting.push(`${JSON.stringify({ question, answer })}\n`);
      flushing ??= last.then(() => {
        flushing = null;
        last = flush();
        return last;
      });
      await flushing;
    },
    async close() {
      await last.catch(() => {});
      await file.close();
    },
  };
}

function readAnswers(text: string): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const { question, answer } = JSON.parse(line) as { question: string; answer: Answer };
    // A better answer may exist, so the address is asked again.
    if (answer.kind === 'found' && answer.place.degraded === true) continue;
    answers.set(question, answer);
  }
  return answers;
}
