package splunk

import (
	"fmt"

	"github.com/renthub/sluice/outputs"
)

// suspectSize is the size of a request from which a complaint about its first
// object is taken for one about the size: so Splunk Cloud puts it. It is well
// below any cap that was seen.
const suspectSize = 1 << 20

// verdict is what an answer means.
type verdict struct {
	stored int   // so many documents, from the first on, are stored
	clean  bool  // the channel has no open id, once those that are stored are acknowledged
	err    error // what Send returns
}

// judge says what became of the documents of a request.
func (o *Output) judge(a answer, r *outputs.Request) verdict {
	switch classOf(a.code) {
	case taken:
		if a.status/100 != 2 {
			break
		}
		if a.code == codeQueueNear || a.code == codeAckNear {
			o.ease()
		}
		return verdict{stored: r.Count, clean: true}
	case badObject:
		return o.judgeObject(a, r)
	case badIndex:
		return verdict{clean: true, err: o.judgeIndex(a, r)}
	}
	return verdict{clean: classOf(a.code) == busy || a.code == codeBusy, err: o.refusal(a, r.Count)}
}

// judgeObject says what became of the documents of a request of which one was
// refused: those before it are stored, those behind it were not looked at.
func (o *Output) judgeObject(a answer, r *outputs.Request) verdict {
	e := &refused{a}
	bad := a.number
	switch {
	case r.Count == 1:
		bad = 0
	case bad == none, bad >= r.Count:
		// It is not said which: halves tell.
		return verdict{err: fmt.Errorf("%w: %w", outputs.ErrTooLarge, e)}
	case a.code == codeFormat && bad == 0 && r.Size > suspectSize:
		return verdict{err: fmt.Errorf("%w: %w", outputs.ErrTooLarge, e)}
	}
	partial := &outputs.Partial{}
	v := verdict{stored: bad, clean: true, err: partial}
	partial.Failed = append(partial.Failed, outputs.Failure{Index: bad, Answer: outputs.Poison, Reason: e.Error()})
	behind := fmt.Sprintf("stands behind document %d, which was refused", bad)
	for i := bad + 1; i < r.Count; i++ {
		partial.Failed = append(partial.Failed, outputs.Failure{Index: i, Answer: outputs.Retry, Reason: behind})
	}
	if o.config.ResendPrefix {
		return o.withoutStored(v)
	}
	return v
}

// withoutStored is a verdict if what the answer says is stored is not to be
// relied on: it is sent again with the rest.
func (o *Output) withoutStored(v verdict) verdict {
	partial, ok := v.err.(*outputs.Partial)
	if !ok {
		return v
	}
	const reason = "stands before a document that was refused"
	o.metrics.unclear.Add(float64(v.stored))
	failed := make([]outputs.Failure, 0, v.stored+len(partial.Failed))
	for i := range v.stored {
		failed = append(failed, outputs.Failure{Index: i, Answer: outputs.Retry, Reason: reason})
	}
	return verdict{clean: v.clean, err: &outputs.Partial{Failed: append(failed, partial.Failed...)}}
}

// judgeIndex says what to do with the documents of a request of which one has
// an index that the token may not write to. The answer names the object behind
// it. Whether those before it are stored is not known.
func (o *Output) judgeIndex(a answer, r *outputs.Request) error {
	e := &refused{a}
	indexes, err := indexesOf(r)
	if err != nil {
		return &outputs.Misconfigured{Err: fmt.Errorf("%w; look for its documents: %w", e, err)}
	}
	at := a.number - 1
	if a.number == none || at < 0 || at >= len(indexes) {
		if !allSame(indexes) {
			return &outputs.Misconfigured{Err: e}
		}
		at = 0
	}
	bad := indexes[at]
	reason := fmt.Sprintf("index %q: %v", bad, e)
	if bad == "" {
		reason = fmt.Sprintf("the token's default index: %v", e)
	}
	partial := &outputs.Partial{Failed: make([]outputs.Failure, r.Count)}
	again := 0
	for i := range partial.Failed {
		f := outputs.Failure{Index: i, Answer: outputs.Retry, Reason: "sent with a document whose index was refused"}
		if indexes[i] == bad {
			f.Answer, f.Reason = outputs.NeedConfig, reason
		} else {
			again++
		}
		partial.Failed[i] = f
	}
	o.metrics.unclear.Add(float64(again))
	return partial
}

func allSame(list []string) bool {
	for _, s := range list {
		if s != list[0] {
			return false
		}
	}
	return true
}
