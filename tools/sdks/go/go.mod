// The SDK of tools/sdks/run that is written in Go.
module assay/sdks

go 1.25

require github.com/growthbook/growthbook-golang v0.7.0

require github.com/tmaxmax/go-sse v0.10.0 // indirect
