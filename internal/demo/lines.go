package demo

import (
	"encoding/json"
	"fmt"
	"time"
)

// service is one of the platform's services, and what it says.
type service struct {
	name  string
	lines []line
}

// line is something that a service logs. Weight is how often, against others.
type line struct {
	weight  int
	level   string
	message string
	fields  func(w *Writer) map[string]any
}

// services are RentHub's.
var services = []service{
	{"auth", []line{
		{6, "info", "login succeeded", func(w *Writer) map[string]any { return map[string]any{"user_id": w.id(), "method": "password"} }},
		{3, "info", "token refreshed", func(w *Writer) map[string]any { return map[string]any{"user_id": w.id()} }},
		{2, "warn", "login failed", func(w *Writer) map[string]any {
			return map[string]any{"email": fmt.Sprintf("guest%d@example.com", w.id()), "attempt": 1 + w.rand.IntN(5), "reason": "bad password"}
		}},
		{1, "warn", "too many attempts, account locked for 15 minutes", func(w *Writer) map[string]any { return map[string]any{"user_id": w.id()} }},
	}},
	{"properties", []line{
		{6, "info", "search served", func(w *Writer) map[string]any {
			return map[string]any{"city": w.city(), "results": w.rand.IntN(240), "duration_ms": 8 + w.rand.IntN(90)}
		}},
		{5, "debug", "cache hit", func(w *Writer) map[string]any {
			return map[string]any{"key": fmt.Sprintf("property:%d", w.id()), "ttl": 300}
		}},
		{1, "warn", "search was slow", func(w *Writer) map[string]any {
			return map[string]any{"city": w.city(), "duration_ms": 3000 + w.rand.IntN(2500)}
		}},
	}},
	{"bookings", []line{
		{6, "info", "booking created", func(w *Writer) map[string]any {
			return map[string]any{"booking_id": w.id(), "property_id": w.id(), "nights": 1 + w.rand.IntN(13), "city": w.city()}
		}},
		{2, "info", "booking cancelled", func(w *Writer) map[string]any { return map[string]any{"booking_id": w.id(), "refund": true} }},
		{1, "error", "booking conflicts with another", func(w *Writer) map[string]any {
			return map[string]any{"booking_id": w.id(), "error": map[string]any{"type": "ConflictError", "message": "dates are taken", "stack_trace": "ConflictError: dates are taken\n    at reserve (/app/src/reserve.js:88:11)\n    at async POST (/app/src/routes/bookings.js:41:5)"}}
		}},
	}},
	{"payments", []line{
		{6, "info", "payment captured", func(w *Writer) map[string]any {
			return map[string]any{"booking_id": w.id(), "amount": float64(40+w.rand.IntN(900)) + 0.5, "currency": "EUR"}
		}},
		{1, "error", "payment declined", func(w *Writer) map[string]any {
			return map[string]any{"booking_id": w.id(), "code": 402, "card": "4111 1111 1111 1111", "reason": "insufficient funds"}
		}},
		{1, "warn", "gateway was slow, trying again", func(w *Writer) map[string]any {
			return map[string]any{"attempt": 1 + w.rand.IntN(3), "duration_ms": 2000 + w.rand.IntN(4000)}
		}},
	}},
	{"notifications", []line{
		{6, "info", "mail sent", func(w *Writer) map[string]any {
			return map[string]any{"template": "booking_confirmed", "to": fmt.Sprintf("guest%d@example.com", w.id())}
		}},
		{3, "debug", "push queued", func(w *Writer) map[string]any { return map[string]any{"user_id": w.id(), "queue": "push"} }},
		{1, "error", "mail was refused", func(w *Writer) map[string]any {
			return map[string]any{"template": "payment_receipt", "smtp": "550 5.1.1 no such user"}
		}},
	}},
}

var cities = []string{"Lisbon", "Porto", "Berlin", "Krakow", "Ghent", "Turku", "Bari"}

func (w *Writer) id() int      { return 1000 + w.rand.IntN(90000) }
func (w *Writer) city() string { return cities[w.rand.IntN(len(cities))] }

// requestID is what ties the lines of one request together.
func (w *Writer) requestID() string { return fmt.Sprintf("req-%06x", w.request/3) }

// choose returns one of lines, by weight.
func (w *Writer) choose(lines []line) *line {
	all := 0
	for i := range lines {
		all += lines[i].weight
	}
	n := w.rand.IntN(all)
	for i := range lines {
		if n -= lines[i].weight; n < 0 {
			return &lines[i]
		}
	}
	return &lines[0]
}

// appendService appends a JSON line.
func (w *Writer) appendService(dst []byte, now time.Time, s *service) []byte {
	l := w.choose(s.lines)
	fields := l.fields(w)
	fields["request_id"] = w.requestID()
	more, err := json.Marshal(fields) // in the order of keys
	if err != nil {
		panic(err) // the fields are written here
	}
	dst = fmt.Appendf(dst, `{"time":%q,"level":%q,"service":%q,"msg":%q,`, now.UTC().Format("2006-01-02T15:04:05.000Z07:00"), l.level, s.name, l.message)
	return append(append(dst, more[1:]...), '\n')
}
