// Package access reads lines of the common and the combined log format, as
// nginx and Apache write them:
//
//	127.0.0.1 - ada [24/Nov/2026:10:02:57 +0000] "GET /d?x=1 HTTP/1.1" 200 12 "-" "Mozilla/5.0"
package access

import "bytes"

// Line is a line in its parts, all subslices of it. Parts that stand as "-",
// or are missing, are empty.
type Line struct {
	Host     []byte // name of the virtual host, with its port
	Client   []byte
	User     []byte
	Time     []byte // 24/Nov/2026:10:02:57 +0000
	Method   []byte
	Target   []byte
	Protocol []byte // HTTP/1.1
	Status   []byte
	Bytes    []byte
	Referrer []byte // escaped, as all that follows
	Agent    []byte
	Tail     []byte // whatever follows
}

// Read splits a line. It reports false if it is of another format.
func Read(b []byte, l *Line) bool {
	*l = Line{}
	at := bytes.Index(b, []byte(" ["))
	if at < 0 || !l.readWho(b[:at]) {
		return false
	}
	b = b[at+2:]
	// 26 bytes of time, a bracket, a space, a quote.
	if len(b) < 29 || b[2] != '/' || b[26] != ']' || b[27] != ' ' {
		return false
	}
	l.Time = b[:26]
	request, b, ok := quoted(b[28:])
	if !ok {
		return false
	}
	l.readRequest(request)
	if len(b) < 4 || b[0] != ' ' || !digits(b[1:4]) || len(b) > 4 && b[4] != ' ' {
		return false
	}
	l.Status, b = b[1:4], b[4:]
	if l.Bytes, b, ok = word(b); !ok || !dash(l.Bytes) && !digits(l.Bytes) {
		return false
	}
	l.Bytes = blank(l.Bytes)
	l.readRest(b)
	return true
}

// readWho reads "client identity user", behind a virtual host if there are
// four words. A user may have spaces.
func (l *Line) readWho(b []byte) bool {
	first, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok || len(first) == 0 {
		return false
	}
	second, rest, ok := bytes.Cut(rest, []byte(" "))
	if !ok || len(second) == 0 {
		return false
	}
	if third, user, more := bytes.Cut(rest, []byte(" ")); more && dash(third) {
		l.Host, l.Client, l.User = first, second, blank(user)
		return true
	}
	l.Client, l.User = first, blank(rest)
	return true
}

// readRequest reads "method target protocol". What is none of it (a probe, a
// TLS greeting) gives no parts.
func (l *Line) readRequest(b []byte) {
	method, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok || len(method) == 0 || len(method) > 32 {
		return
	}
	for _, c := range method {
		if (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return
		}
	}
	l.Method, l.Target = method, rest
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 && bytes.HasPrefix(rest[i+1:], []byte("HTTP/")) {
		l.Target, l.Protocol = rest[:i], rest[i+1:]
	}
}

// readRest reads the referrer and the agent, if they are there.
func (l *Line) readRest(b []byte) {
	if len(b) > 1 && b[0] == ' ' {
		if ref, rest, ok := quoted(b[1:]); ok && len(rest) > 1 && rest[0] == ' ' {
			if agent, rest, ok := quoted(rest[1:]); ok {
				l.Referrer, l.Agent, b = blank(ref), blank(agent), rest
			}
		}
	}
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	l.Tail = b
}

// quoted reads text in quotes, in which a backslash escapes.
func quoted(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	for at := 1; ; {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return nil, b, false
		}
		end := at + n
		slashes := 0
		for b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return b[1:end], b[end+1:], true
		}
		at = end + 1
	}
}

// word reads a space and what stands up to the next.
func word(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != ' ' {
		return nil, b, false
	}
	b = b[1:]
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i:], i > 0
	}
	return b, nil, true
}

func dash(b []byte) bool { return len(b) == 1 && b[0] == '-' }

// blank is b, or nothing if it stands for that.
func blank(b []byte) []byte {
	if dash(b) {
		return nil
	}
	return b
}

func digits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}
