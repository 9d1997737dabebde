package httpsend

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// MaxErrorBody is how much of the body of a failed request is worth reading.
const MaxErrorBody = 1 << 20

// ErrLong means that an answer is longer than what it is read for.
var ErrLong = errors.New("answer is too long")

// Read appends the body of an answer to dst, up to limit bytes. A longer body
// is ErrLong, with its first limit bytes.
func Read(dst []byte, body io.Reader, limit int) ([]byte, error) {
	for start := len(dst); ; {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if len(dst)-start > limit {
			return dst[:start+limit], ErrLong
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// Finish closes an answer. It reads a little of what is left, so that the
// connection can be used again, and gives up on the rest.
func Finish(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 16<<10) // an error only costs the connection
	_ = body.Close()
}

// Excerpt returns the beginning of an answer's body as one line of at most
// limit bytes that is fit to be shown.
func Excerpt(text string, limit int) string {
	if len(text) > 4*limit {
		text = text[:4*limit]
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), func(r rune) bool {
		return r <= ' ' || r == 0x7f || 0x80 <= r && r < 0xa0
	}), " ")
	if len(text) <= limit {
		return text
	}
	const dots = "..."
	cut := limit - len(dots)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + dots
}

// Class is what the status of an answer means for the whole request, where its
// body says nothing better.
type Class uint8

// The classes.
const (
	Taken    Class = iota // 2xx: the body says more
	Again                 // 408, 425, 5xx and what cannot be understood: send it again
	Throttle              // 429: send it again later
	Large                 // 413: send it in two
	Refused               // other 4xx: this request is wrong
	Person                // 3xx, 401, 403, 404, 405, 407, 410, 501: a person must act
)

// ClassOf returns the class of a status.
func ClassOf(status int) Class {
	switch {
	case status >= 200 && status < 300:
		return Taken
	case status >= 300 && status < 400:
		return Person // no redirect is followed: it would take credentials elsewhere
	}
	switch status {
	case http.StatusTooManyRequests:
		return Throttle
	case http.StatusRequestEntityTooLarge:
		return Large
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusProxyAuthRequired, http.StatusGone, http.StatusNotImplemented:
		return Person
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return Again
	}
	if status >= 400 && status < 500 {
		return Refused
	}
	return Again
}
