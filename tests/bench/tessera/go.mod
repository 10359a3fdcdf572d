module indelible/tessera-posix

go 1.25.8

require (
	github.com/transparency-dev/tessera v1.0.4
	golang.org/x/mod v0.33.0
)
