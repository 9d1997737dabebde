package bench

import (
	"strconv"
	"time"
)

// JSONLines are an application's structured log: 575 bytes on average, nested,
// with escapes and UTF-8, which gzip -1 makes five to six times smaller.
type JSONLines struct{}

// Marks implements Lines.
func (JSONLines) Marks() (seq, stamp string) { return `"seq":`, `"sent_ns":` }

var (
	levels  = []string{"info", "info", "info", "info", "debug", "warn", "error"}
	loggers = []string{
		"renthub.booking.BookingService", "renthub.payment.PaymentGateway", "renthub.http.RequestLogger",
		"renthub.search.ListingIndex", "renthub.auth.SessionStore", "renthub.mail.OutboxWorker",
	}
	messages = []string{
		`Booking confirmed and the host was notified by \"push\" and e-mail`,
		`Payment authorised, waiting for capture (provider=stripe, 3DS passed)`,
		`GET /api/v1/listings took longer than expected: query plan used idx_listings_geo`,
		`Session refreshed for a returning visitor from Köln, Nordrhein-Westfalen`,
		`Could not reach the pricing service, using the cached rate\nretry in 250 ms`,
		`Listing \"Gemütliche Altbauwohnung am Görlitzer Park – 2 Zimmer\" was indexed`,
		`Cache miss for availability calendar, rebuilt from C:\\data\\calendar.bin`,
		`Outgoing mail queued: お部屋のご予約ありがとうございます`,
	}
	methods = []string{"GET", "GET", "GET", "POST", "PUT", "DELETE"}
	paths   = []string{
		"/api/v1/listings/search", "/api/v1/bookings", "/api/v1/listings/photos", "/api/v1/users/me",
		"/api/v1/payments/intents", "/api/v1/hosts",
	}
	statuses = []int{200, 200, 200, 200, 201, 204, 304, 404, 422, 500}
	locales  = []string{"de-DE", "en-GB", "fr-FR", "pl-PL", "ja-JP"}
	cities   = []string{"Berlin", "Köln", "München", "Zürich", "Łódź", "Lyon", "東京"}
)

// Append implements Lines.
func (JSONLines) Append(dst []byte, seq uint64, at time.Time) []byte {
	d := dice(seq)
	dst = append(dst, `{"timestamp":"`...)
	dst = appendTime(dst, at)
	dst = append(dst, `","level":"`...)
	dst = append(dst, skewed(&d, levels)...)
	dst = append(dst, `","logger":"`...)
	dst = append(dst, skewed(&d, loggers)...)
	dst = append(dst, `","message":"`...)
	dst = append(dst, skewed(&d, messages)...)
	dst = append(dst, `","seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"sent_ns":`...)
	dst = strconv.AppendInt(dst, at.UnixNano(), 10)
	dst = d.appendRequest(dst)
	dst = append(dst, `,"user":{"id":`...)
	dst = d.appendNumber(dst, 200_000)
	dst = append(dst, `,"locale":"`...)
	dst = append(dst, skewed(&d, locales)...)
	dst = append(dst, `","city":"`...)
	dst = append(dst, skewed(&d, cities)...)
	dst = append(dst, `","roles":["guest","verified"]},"trace":{"id":"`...)
	dst = d.appendHex(dst, 32)
	dst = append(dst, `","span":"`...)
	dst = d.appendHex(dst, 16)
	return append(dst, `"},"build":"2026.11.3-g5e1f0c2"}`...)
}

func (d *dice) appendRequest(dst []byte) []byte {
	dst = append(dst, `,"request":{"id":"`...)
	dst = d.appendHex(dst, 16)
	dst = append(dst, `","method":"`...)
	dst = append(dst, pick(d, methods)...)
	dst = append(dst, `","path":"`...)
	dst = append(dst, skewed(d, paths)...)
	dst = append(dst, '/')
	dst = d.appendNumber(dst, 100_000)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(skewed(d, statuses)), 10)
	dst = append(dst, `,"duration_ms":`...)
	dst = d.appendNumber(dst, 400)
	dst = append(dst, '.')
	dst = d.appendNumber(dst, 10)
	dst = append(dst, `,"bytes":`...)
	dst = d.appendNumber(dst, 90_000)
	dst = append(dst, `,"client":{"ip":"10.`...)
	dst = d.appendNumber(dst, 4)
	dst = append(dst, '.')
	dst = d.appendNumber(dst, 256)
	dst = append(dst, '.')
	dst = d.appendNumber(dst, 256)
	return append(dst, `"}}`...)
}
