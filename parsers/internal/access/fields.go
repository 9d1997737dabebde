package access

import (
	"bytes"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers/timestamp"
)

// The keys of the fields, one text that is stored in the batch for a row.
const keys = "source.address" + "source.ip" + "user.name" + "http.request.method" + "url.original" + "url.path" + "url.query" +
	"http.version" + "http.response.status_code" + "http.response.body.bytes" + "http.request.referrer" + "user_agent.original" + "url.domain"

// key is where one of them lies.
type key struct{ at, n uint32 }

var (
	keyAddress  = key{0, 14}
	keyIP       = key{14, 9}
	keyUser     = key{23, 9}
	keyMethod   = key{32, 19}
	keyOriginal = key{51, 12}
	keyPath     = key{63, 8}
	keyQuery    = key{71, 9}
	keyVersion  = key{80, 12}
	keyStatus   = key{92, 25}
	keyBytes    = key{117, 24}
	keyReferrer = key{141, 21}
	keyAgent    = key{162, 19}
	keyDomain   = key{181, 10}
)

// Fields adds the fields of one row.
type Fields struct {
	b    *event.Batch
	i    int
	keys event.Span
	line []byte
	off  uint32
	had  bool // the row had fields before, from its input
}

// Add adds the parts of l, which are subslices of the line of row i, and sets
// the row's time.
func Add(b *event.Batch, i int, l *Line) {
	row := b.Row(i)
	var ok bool
	if row.Time, ok = timestamp.CommonLog(l.Time); !ok {
		row.Error = event.BadTime
	}
	f := Fields{b: b, i: i, keys: b.StoreString(keys), line: b.Line(i), off: row.Line.Off, had: len(b.Fields(i)) > 0}
	f.text(keyAddress, l.Client)
	if isIP(l.Client) {
		f.text(keyIP, l.Client)
	}
	f.text(keyUser, l.User)
	f.text(keyDomain, domain(l.Host))
	f.text(keyMethod, l.Method)
	f.target(l.Target)
	f.text(keyVersion, bytes.TrimPrefix(l.Protocol, []byte("HTTP/")))
	f.number(keyStatus, l.Status)
	f.number(keyBytes, l.Bytes)
	f.text(keyReferrer, l.Referrer)
	f.text(keyAgent, l.Agent)
}

// target adds the target of the request, whole and in its two parts.
func (f *Fields) target(text []byte) {
	if len(text) == 0 {
		return
	}
	val := f.text(keyOriginal, text)
	if text[0] != '/' {
		return
	}
	whole := f.b.Bytes(val)
	path, query := val, event.Span{}
	if i := bytes.IndexByte(whole, '?'); i >= 0 {
		path.Len = uint32(i)
		query = event.Span{Off: val.Off + uint32(i) + 1, Len: val.Len - uint32(i) - 1}
	}
	f.add(keyPath, path, event.String)
	if query.Len > 0 {
		f.add(keyQuery, query, event.String)
	}
}

// text adds a part of the line, unless it is empty, with its escapes undone.
func (f *Fields) text(k key, part []byte) event.Span {
	if len(part) == 0 {
		return event.Span{}
	}
	val := f.span(part)
	if bytes.IndexByte(part, '\\') >= 0 {
		val = f.b.Append(func(dst []byte) []byte { return appendUnescaped(dst, part) })
	}
	f.add(k, val, event.String)
	return val
}

// number adds a part that is digits. With leading zeros it is no JSON number.
func (f *Fields) number(k key, part []byte) {
	switch {
	case len(part) == 0:
	case part[0] == '0' && len(part) > 1:
		f.add(k, f.span(part), event.String)
	default:
		f.add(k, f.span(part), event.Number)
	}
}

// add adds a field, unless the row has it already.
func (f *Fields) add(k key, val event.Span, kind event.Kind) {
	at := event.Span{Off: f.keys.Off + k.at, Len: k.n}
	if f.had && f.b.FindBytes(f.i, f.b.Bytes(at)) >= 0 {
		return
	}
	f.b.Add(f.i, event.Field{Key: at, Val: val, Kind: kind, KeyJSON: true})
}

// span is where a part of the line stands in the batch.
func (f *Fields) span(part []byte) event.Span {
	return event.Span{Off: f.off + uint32(cap(f.line)-cap(part)), Len: uint32(len(part))}
}

// domain is a virtual host without its port.
func domain(host []byte) []byte {
	if i := bytes.LastIndexByte(host, ':'); i > 0 && digits(host[i+1:]) {
		return host[:i]
	}
	return host
}

// appendUnescaped undoes the escapes of nginx and Apache: \xNN for a byte, \"
// and \\, and Apache's \n and the like.
func appendUnescaped(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			dst = append(dst, c)
			continue
		}
		i++
		switch text[i] {
		case 'x':
			hi, lo := hexDigit(text, i+1), hexDigit(text, i+2)
			if hi < 0 || lo < 0 {
				dst = append(dst, '\\', 'x')
				continue
			}
			dst = append(dst, byte(hi<<4|lo))
			i += 2
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case '"', '\\':
			dst = append(dst, text[i])
		default:
			dst = append(dst, '\\', text[i])
		}
	}
	return dst
}

func hexDigit(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch c := b[i]; {
	case c-'0' <= 9:
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
