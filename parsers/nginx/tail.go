package nginx

import (
	"bytes"

	"github.com/renthub/sluice/event"
)

// tailKeys are what people put behind the combined format as name=value.
var tailKeys = map[string]string{
	"rt":  "nginx.request_time",
	"urt": "nginx.upstream.response_time",
	"uct": "nginx.upstream.connect_time",
	"uht": "nginx.upstream.header_time",
}

// addTail adds what stands behind the combined format: the addresses of
// proxies in quotes, and name=value for some names. The rest stays in the
// message.
func addTail(b *event.Batch, i int, line, tail []byte) {
	for n := 0; len(tail) > 0; n++ {
		var word []byte
		if n == 0 && tail[0] == '"' {
			end := bytes.IndexByte(tail[1:], '"')
			if end < 0 {
				return
			}
			if word = tail[1 : end+1]; len(word) > 0 && string(word) != "-" {
				add(b, i, line, "nginx.forwarded_for", word, event.String)
			}
			tail = bytes.TrimLeft(tail[end+2:], " ")
			continue
		}
		if end := bytes.IndexByte(tail, ' '); end >= 0 {
			word, tail = tail[:end], bytes.TrimLeft(tail[end:], " ")
		} else {
			word, tail = tail, nil
		}
		eq := bytes.IndexByte(word, '=')
		if eq < 0 {
			continue
		}
		value := bytes.Trim(word[eq+1:], `"`)
		if key, ok := tailKeys[string(word[:eq])]; ok && isSeconds(value) && b.Find(i, key) < 0 {
			add(b, i, line, key, value, event.Number)
		}
	}
}

// isSeconds says whether text is a time as nginx writes it, 0.123. A list of
// several upstreams' is none.
func isSeconds(text []byte) bool {
	dot := bytes.IndexByte(text, '.')
	if dot < 1 || dot == len(text)-1 || dot > 1 && text[0] == '0' {
		return false
	}
	for k, c := range text {
		if k != dot && c-'0' > 9 {
			return false
		}
	}
	return true
}

// add adds a field whose value is a subslice of the row's line.
func add(b *event.Batch, i int, line []byte, key string, value []byte, kind event.Kind) {
	val := event.Span{Off: b.Row(i).Line.Off + uint32(cap(line)-cap(value)), Len: uint32(len(value))}
	b.Add(i, event.Field{Key: b.StoreString(key), Val: val, Kind: kind, KeyJSON: true})
}
