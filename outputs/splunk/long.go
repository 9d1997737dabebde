package splunk

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/outputs"
)

// shorten makes a request of one that is longer than a document may be. Since
// requests are not longer than that, it holds one document.
func (o *Output) shorten(r *outputs.Request) (*outputs.Request, error) {
	if r.Count > 1 {
		return nil, fmt.Errorf("%d documents in %d bytes: %w", r.Count, r.Size, outputs.ErrTooLarge)
	}
	raw, err := unwrap(r)
	if err != nil {
		return nil, err
	}
	doc, at := eventOf(raw)
	limit := int(o.config.MaxEventSize)
	switch {
	case doc == nil:
		return nil, errCount
	case len(doc) <= limit:
		return r, nil // it is the envelope that is long
	case o.config.OnLongEvent == longDeadLetter:
		return nil, &outputs.Poisoned{Err: fmt.Errorf("the document has %d bytes, max_event_size is %d", len(doc), limit)}
	}
	short := appendCut(append(make([]byte, 0, at+limit+len(wrapEnd)), raw[:at]...), doc, limit)
	short = append(short, wrapEnd...)
	body, err := compress(short)
	if err != nil {
		return nil, err
	}
	o.metrics.cut.Inc()
	return &outputs.Request{Target: r.Target, Count: 1, Size: len(short), Body: [][]byte{body}, BodySize: len(body)}, nil
}

// eventOf returns the document in an envelope, and where it begins.
func eventOf(envelope []byte) (doc []byte, at int) {
	jsonscan.Each(envelope, func(key, value []byte) bool {
		if string(key) == "event" {
			doc = value
			at = cap(envelope) - cap(value)
		}
		return doc == nil
	})
	return doc, at
}

func compress(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if _, err := z.Write(raw); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return b.Bytes(), nil
}

// cutKey is the mark on a document that was shortened: how long it was, in
// bytes.
const cutKey = "sluice.cut_from_bytes"

// shortMember is the length up to which a member of a document that is cut
// stays whole if there is room, in bytes.
const shortMember = 8 << 10

// appendCut appends a document shortened to at most limit bytes, with a mark.
// Texts that are long lose their ends, in equal shares; other long values go.
func appendCut(dst, doc []byte, limit int) []byte {
	mark := strconv.AppendInt([]byte(`"`+cutKey+`":`), int64(len(doc)), 10)
	room := limit - len(mark) - len("{,}")
	short := min(shortMember, limit/4)
	longs, shorts := 0, 0
	jsonscan.Each(doc, func(key, value []byte) bool {
		switch n := memberLen(key, value); {
		case n <= short:
			shorts += n
		case value[0] == '"':
			longs++
			shorts += len(key) + len(`"":"",`)
		}
		return true
	})
	share := 0
	if longs > 0 {
		share = max(room-shorts, 0) / longs
	}
	dst = append(append(dst, '{'), mark...)
	jsonscan.Each(doc, func(key, value []byte) bool {
		if string(key) == cutKey {
			return true
		}
		n := memberLen(key, value)
		if n > short {
			if value[0] != '"' {
				return true
			}
			value = cutString(value, share)
			n = memberLen(key, value)
		}
		if n > room {
			return true
		}
		room -= n
		dst = append(append(append(dst, ',', '"'), key...), '"', ':')
		dst = append(dst, value...)
		return true
	})
	return append(dst, '}')
}

// memberLen is the length of a member with a comma before it.
func memberLen(key, value []byte) int { return len(key) + len(`,"":`) + len(value) }

// cutString returns a JSON string of which at most n bytes are left between its
// quotes. It cuts no character and no escape, nor between the halves of a pair.
func cutString(value []byte, n int) []byte {
	inside := value[1 : len(value)-1]
	if len(inside) <= n {
		return value
	}
	end := 0
	for end < len(inside) {
		next := end + charLen(inside[end:])
		if next > n {
			break
		}
		end = next
	}
	out := append(make([]byte, 0, end+2), '"')
	return append(append(out, inside[:end]...), '"')
}

// charLen is the length of the character or escape, or pair of escapes, that
// the inside of a valid JSON string begins with.
func charLen(inside []byte) int {
	switch c := inside[0]; {
	case c == '\\' && len(inside) >= 6 && inside[1] == 'u':
		high := inside[2]|0x20 == 'd' && inside[3] >= '8' && inside[3]|0x20 <= 'b'
		if high && len(inside) >= 12 && inside[6] == '\\' && inside[7] == 'u' {
			return 12
		}
		return 6
	case c == '\\':
		return 2
	case c < utf8.RuneSelf:
		return 1
	}
	_, n := utf8.DecodeRune(inside)
	return n
}
