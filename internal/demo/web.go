package demo

import (
	"fmt"
	"time"
)

var paths = []string{"/", "/api/properties?city=%s", "/api/bookings", "/api/bookings/%d", "/api/payments", "/login", "/healthz", "/assets/app.js"}

// appendAccess appends a line of nginx's combined log.
func (w *Writer) appendAccess(dst []byte, now time.Time) []byte {
	path := paths[w.rand.IntN(len(paths))]
	switch path {
	case "/api/properties?city=%s":
		path = fmt.Sprintf(path, w.city())
	case "/api/bookings/%d":
		path = fmt.Sprintf(path, w.id())
	}
	method, status := "GET", 200
	if path == "/api/payments" || path == "/login" {
		method = "POST"
	}
	switch n := w.rand.IntN(40); {
	case n == 0:
		status = 502
	case n < 3:
		status = 404
	case n < 5:
		status = 302
	}
	return fmt.Appendf(dst, "203.0.113.%d - - [%s] \"%s %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n",
		1+w.rand.IntN(254), now.Format("02/Jan/2006:15:04:05 -0700"), method, path, status, 120+w.rand.IntN(9000))
}

// appendLaravel appends a record of Laravel's log, at times with the stack
// trace of an exception and the one before it.
func (w *Writer) appendLaravel(dst []byte, now time.Time) []byte {
	at := now.UTC().Format("2006-01-02 15:04:05")
	switch n := w.rand.IntN(20); {
	case n == 0:
		return w.appendException(dst, at)
	case n < 3:
		return fmt.Appendf(dst, "[%s] production.WARNING: Queue backlog is growing {\"queue\":\"notifications\",\"jobs\":%d}\n", at, 200+w.rand.IntN(900))
	case n < 6:
		return fmt.Appendf(dst, "[%s] production.DEBUG: Query took %d ms {\"connection\":\"mysql\"} \n", at, 1+w.rand.IntN(80))
	}
	return fmt.Appendf(dst, "[%s] production.INFO: Invoice rendered {\"booking_id\":%d,\"request_id\":%q} \n", at, w.id(), w.requestID())
}

func (w *Writer) appendException(dst []byte, at string) []byte {
	id := w.id()
	return fmt.Appendf(dst, `[%s] production.ERROR: Payment gateway said "declined" for booking #%d {"userId":%d,"exception":"[object] (App\\Exceptions\\PaymentFailed(code: 402): Payment gateway said \"declined\" for booking #%d at /app/app/Services/PaymentService.php:84)
[stacktrace]
#0 /app/app/Http/Controllers/BookingController.php(57): App\\Services\\PaymentService->capture(Object(App\\Models\\Booking))
#1 /app/vendor/laravel/framework/src/Illuminate/Routing/Controller.php(54): App\\Http\\Controllers\\BookingController->store()
#2 /app/vendor/laravel/framework/src/Illuminate/Routing/Router.php(799): Illuminate\\Routing\\Controller->callAction()
#3 {main}

[previous exception] [object] (RuntimeException(code: 0): HTTP 402 from the gateway at /app/app/Services/Gateway.php:31)
[stacktrace]
#0 /app/app/Services/PaymentService.php(80): App\\Services\\Gateway->post()
#1 {main}
"} 
`, at, id, w.id(), id)
}
