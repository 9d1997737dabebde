package httpsend

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest pause that a destination can ask for. A longer
// one is cut to it: a broken clock there must not stop an output for a day.
const MaxRetryAfter = 5 * time.Minute

// absurd is the pause from which a value is taken for a mistake (milliseconds,
// a date of another century) and ignored.
const absurd = 24 * time.Hour

// RetryAfter returns the pause that a Retry-After header asks for, given as
// seconds or as an HTTP date, or 0 where there is none that makes sense.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var pause time.Duration
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0 && seconds <= absurd.Seconds()) { // NaN fails too
			return 0
		}
		pause = time.Duration(seconds * float64(time.Second))
	} else if at, err := http.ParseTime(text); err == nil {
		pause = at.Sub(now)
	}
	if pause <= 0 || pause > absurd {
		return 0
	}
	return min(pause, MaxRetryAfter)
}
