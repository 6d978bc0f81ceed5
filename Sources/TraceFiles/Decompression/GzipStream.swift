/// gzip, one member or several.
@safe
final class GzipStream {
  let input = CompressedBytes()
  private let inflater = Inflater(.header)
  private var isInside = false

  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(StreamDecoder.Failure) -> Int
  {
    while true {
      guard try input.fill(descriptor) else {
        if isInside { throw .truncated }
        return 0
      }
      let (count, isEnded) = unsafe try inflater.read(input, into: room)
      isInside = !isEnded
      if count > 0 { return count }
    }
  }
}
