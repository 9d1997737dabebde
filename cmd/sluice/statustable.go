package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/pipeline"
)

// maxFiles is how many files of an input are shown: those with the most unread.
const maxFiles = 10

// writeStatus prints a status as tables. Rates are those between two looks.
func writeStatus(w io.Writer, before, now *pipeline.Status, width int) error {
	var out bytes.Buffer
	r := rates{before, now}
	fmt.Fprintf(&out, "sluice %s, up %s\n\n", visible(now.Version), rough(now.Now.Sub(now.Started)))
	writeInputs(&out, now)
	writeBuffer(&out, r)
	writeOutputs(&out, r)
	writeRest(&out, now)
	_, err := w.Write(cutLines(out.Bytes(), width))
	return err
}

// rates are what changed between two looks.
type rates struct{ before, now *pipeline.Status }

// perSecond is the rate of a count.
func (r rates) perSecond(before, now int64) float64 {
	elapsed := r.now.Now.Sub(r.before.Now).Seconds()
	if elapsed <= 0 || now < before { // the agent was started again between the looks
		return 0
	}
	return float64(now-before) / elapsed
}

func writeInputs(out *bytes.Buffer, s *pipeline.Status) {
	t := newTable(out)
	fmt.Fprintln(t, "INPUT\tSTATE\tSOURCES\tUNREAD\tLAST LINE\tLAST ERROR")
	for i := range s.Inputs {
		in := &s.Inputs[i]
		var unread int64
		var last time.Time
		for _, src := range in.Sources {
			unread += max(0, src.Unread)
			if src.LastRow.After(last) {
				last = src.LastRow
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\n", visible(in.Name), in.State, len(in.Sources), binarySize(unread), ago(s.Now, last), orDash(in.Error))
	}
	t.Flush()
	for i := range s.Inputs {
		writeFiles(out, s, &s.Inputs[i])
	}
	out.WriteByte('\n')
}

// writeFiles prints the sources of an input with unread bytes, or a reason why
// they are not read.
func writeFiles(out *bytes.Buffer, s *pipeline.Status, in *pipeline.InputStatus) {
	var waiting []inputs.Status
	for _, src := range in.Sources {
		if src.Unread > 0 || src.Note != "" {
			waiting = append(waiting, src)
		}
	}
	for i, src := range waiting {
		if i == maxFiles {
			fmt.Fprintf(out, "  … %d more\n", len(waiting)-maxFiles)
			break
		}
		fmt.Fprintf(out, "  %s  %s unread", visible(src.Source), binarySize(src.Unread))
		if src.Size > 0 {
			fmt.Fprintf(out, " of %s", binarySize(src.Size))
		}
		if src.Note != "" {
			fmt.Fprintf(out, "  (%s)", visible(src.Note))
		}
		out.WriteByte('\n')
	}
}

func writeBuffer(out *bytes.Buffer, r rates) {
	t, b := &r.now.Ingest, &r.now.Buffer
	fmt.Fprintf(out, "ingest  %s lines/s, %s/s, %s lines in all",
		grouped(int64(r.perSecond(r.before.Ingest.Rows, t.Rows))), binarySize(int64(r.perSecond(r.before.Ingest.Bytes, t.Bytes))), grouped(t.Rows))
	if t.Dropped > 0 {
		fmt.Fprintf(out, ", %s dropped by rules", grouped(t.Dropped))
	}
	if t.Unrouted > 0 {
		fmt.Fprintf(out, ", %s that no route took", grouped(t.Unrouted))
	}
	fmt.Fprintf(out, "\nbuffer  %s of %s", binarySize(b.Bytes), binarySize(b.MaxBytes))
	if b.MaxBytes > 0 {
		fmt.Fprintf(out, " (%d%%)", 100*b.Bytes/b.MaxBytes)
	}
	if b.Condition != "" && b.Condition != "ok" {
		fmt.Fprintf(out, ", %s", b.Condition)
		if b.Reason != "" {
			fmt.Fprintf(out, ": %s", visible(b.Reason))
		}
	} else if left, ok := r.timeToFull(); ok {
		fmt.Fprintf(out, ", about %s until full at this rate", rough(left))
	}
	for i, name := range b.Blocked {
		fmt.Fprintf(out, "%s%s", [...]string{", held by ", ", "}[min(i, 1)], visible(name))
	}
	out.WriteString("\n\n")
}

// timeToFull is how long the buffer takes what it is given now. Where outputs
// keep up it only fills with history, which goes by itself.
func (r rates) timeToFull() (time.Duration, bool) {
	falling := false
	for i := range r.now.Outputs {
		o := &r.now.Outputs[i]
		b := r.output(o.Name)
		falling = falling || b != nil && o.Pending > b.Pending
	}
	rate := r.perSecond(r.before.Buffer.Written, r.now.Buffer.Written)
	room := r.now.Buffer.MaxBytes - r.now.Buffer.Bytes
	if !falling || rate < 1 || room < 0 {
		return 0, false
	}
	return time.Duration(min(float64(room)/rate, 1e9) * float64(time.Second)), true
}

// output is what an output's status was at the first look, or nil.
func (r rates) output(name string) *pipeline.OutputStatus {
	for i := range r.before.Outputs {
		if r.before.Outputs[i].Name == name {
			return &r.before.Outputs[i]
		}
	}
	return nil
}

func writeOutputs(out *bytes.Buffer, r rates) {
	t := newTable(out)
	fmt.Fprintln(t, "OUTPUT\tSTATE\tSENT/S\tLAG\tPENDING\tRETRIES\tLAST ERROR")
	for i := range r.now.Outputs {
		o := &r.now.Outputs[i]
		sent := 0.0
		if b := r.output(o.Name); b != nil {
			sent = r.perSecond(b.Sent, o.Sent)
		}
		lag, pending := "0s", grouped(o.Pending)
		if o.Oldest > 0 {
			lag = rough(r.now.Now.Sub(time.UnixMilli(o.Oldest)))
		}
		if o.Pending > 0 {
			pending += " (" + binarySize(o.Bytes) + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", visible(o.Name), o.State, grouped(int64(sent+0.5)), lag, pending, grouped(o.Retries), lastError(r.now.Now, o))
	}
	t.Flush()
}

// lastError is the last error of an output, when it was and when it tries again.
func lastError(now time.Time, o *pipeline.OutputStatus) string {
	if o.Error == "" {
		return "-"
	}
	text := visible(o.Error)
	if o.NextTry != nil && o.NextTry.After(now) {
		return text + ", next try in " + rough(o.NextTry.Sub(now))
	}
	if o.ErrorAt != nil {
		text += ", " + ago(now, *o.ErrorAt)
	}
	return text
}

// writeRest prints what is only there when something is wrong.
func writeRest(out *bytes.Buffer, s *pipeline.Status) {
	if n := s.Damage.Reread; n > 0 {
		fmt.Fprintf(out, "\n%s documents were damaged in the buffer, and were read again from their sources.", grouped(n))
	}
	for i := range s.Outputs {
		o := &s.Outputs[i]
		if o.Standby != "" {
			fmt.Fprintf(out, "\n%s is down, and %s takes its documents.", visible(o.Name), visible(o.Standby))
		}
		for _, e := range o.Endpoints {
			if e.State != "closed" {
				fmt.Fprintf(out, "\n%s: endpoint %s is %s for %s: %s", visible(o.Name), visible(e.Name), e.State, rough(s.Now.Sub(e.Since)), orDash(e.LastError))
			}
			if e.Standby && e.InUse {
				fmt.Fprintf(out, "\n%s: standby %s is in use.", visible(o.Name), visible(e.Name))
			}
		}
		for _, h := range o.Held {
			fmt.Fprintf(out, "\n%s: %s is in trouble, %s documents are held for it while the rest goes on: %s", visible(o.Name), visible(h.Target), grouped(h.Documents), orDash(h.Error))
		}
		if o.Shed > 0 {
			fmt.Fprintf(out, "\n%s was passed over for %s documents, as the buffer was full (on_full = \"drop_oldest\").", visible(o.Name), grouped(o.Shed))
		}
		if o.Damaged > 0 {
			fmt.Fprintf(out, "\n%s will not get %s documents that could not be read back from the buffer.", visible(o.Name), grouped(o.Damaged))
		}
		if o.Dead > 0 {
			fmt.Fprintf(out, "\n%s refused %s documents for good: sluice dlq ls --from-output %s", visible(o.Name), grouped(o.Dead), visible(o.Name))
		}
	}
	for _, o := range s.Orphans {
		fmt.Fprintf(out, "\n%s is not in the config, and %s documents are kept for it: sluice buffer forget %s", visible(o.Name), grouped(o.Pending), visible(o.Name))
	}
	if n := out.Len(); n > 0 && out.Bytes()[n-1] != '\n' {
		out.WriteByte('\n')
	}
}

// ago is how long before now something was.
func ago(now, then time.Time) string {
	if then.IsZero() || then.UnixNano() == 0 {
		return "-"
	}
	return rough(now.Sub(then)) + " ago"
}

func orDash(text string) string { return cmp.Or(visible(text), "-") }

// cutLines cuts lines at a terminal's width, so that tables stay tables.
func cutLines(text []byte, width int) []byte {
	if width <= 0 {
		return text
	}
	var out []byte
	for line := range bytes.Lines(text) {
		if utf8.RuneCount(line) <= width+1 {
			out = append(out, line...)
			continue
		}
		out = append(out, string([]rune(string(line))[:width-1])...)
		out = append(out, "…\n"...)
	}
	return out
}
