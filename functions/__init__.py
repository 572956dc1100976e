"""One folder per Lambda function, one thin handler each."""
