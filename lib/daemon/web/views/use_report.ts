/**
 * The report of a benchmark run.
 *
 * @module
 */

import { useEffect, useState } from "preact/hooks";
import type { BenchReport } from "../../../bench/report.ts";
import { fetchReport } from "../api.ts";

/** The report; null before it is there, and why it will not be. */
export function useReport(id: string): { report: BenchReport | null; why: string | null } {
  const [answer, setAnswer] = useState<{ report: BenchReport | null; why: string | null }>({
    report: null,
    why: null,
  });
  useEffect(() => {
    const abort = new AbortController();
    fetchReport(id, abort.signal).then(
      (report) => setAnswer({ report, why: null }),
      (error) => {
        if (!abort.signal.aborted) setAnswer({ report: null, why: String(error.message) });
      },
    );
    return () => abort.abort();
  }, [id]);
  return answer;
}
