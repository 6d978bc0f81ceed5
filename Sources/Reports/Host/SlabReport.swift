package import HostInspection
import Machine
package import MemoryTypes

/// The kernel's caches of objects, in an order: what `kilburn slab` shows.
package struct SlabReport: Equatable, Sendable {
  /// What the rows are sorted by.
  package enum Order: String, CaseIterable, Sendable {
    case footprint, objects, active, use, size, slabs, name
    case activeSlabs = "active-slabs"
    case objectsPerSlab = "objects-per-slab"
    case pagesPerSlab = "pages-per-slab"

    /// An order by its name, or by its letter in `slabtop --sort`.
    package init?(word: String) {
      let letters: [String: Order] = [
        "a": .active, "b": .objectsPerSlab, "c": .footprint, "l": .slabs, "v": .activeSlabs,
        "n": .name, "o": .objects, "p": .pagesPerSlab, "s": .size, "u": .use,
      ]
      guard let order = Order(rawValue: word) ?? letters[word] else { return nil }
      self = order
    }
  }

  package var caches: [SlabInfo.Cache]
  package var page: PageSize

  /// The caches of a text in an order, the largest first; where they are equal, by name.
  package init(_ info: SlabInfo, page: PageSize, order: Order) {
    self.page = page
    func key(_ cache: SlabInfo.Cache) -> UInt64 {
      switch order {
      case .footprint: cache.footprint(page).rawValue
      case .objects: cache.objects
      case .active: cache.active
      case .use: cache.objects == 0 ? 0 : cache.active * 1000 / cache.objects
      case .size: cache.objectSize.rawValue
      case .slabs: cache.slabs
      case .activeSlabs: cache.activeSlabs
      case .objectsPerSlab: cache.objectsPerSlab
      case .pagesPerSlab: cache.pagesPerSlab
      case .name: 0
      }
    }
    caches = info.caches.sorted { a, b in
      let (left, right) = (key(a), key(b))
      return left == right ? a.name < b.name : left > right
    }
  }

  /// The sums over all caches.
  package struct Total: Equatable, Sendable {
    package var active: UInt64 = 0
    package var objects: UInt64 = 0
    package var activeSlabs: UInt64 = 0
    package var slabs: UInt64 = 0
    package var activeCaches: UInt64 = 0
    package var activeBytes: UInt64 = 0
    package var bytes: UInt64 = 0
  }

  package var total: Total {
    var sum = Total()
    for cache in caches {
      sum.active &+= cache.active
      sum.objects &+= cache.objects
      sum.activeSlabs &+= cache.activeSlabs
      sum.slabs &+= cache.slabs
      if cache.active > 0 { sum.activeCaches &+= 1 }
      sum.activeBytes &+= cache.activeBytes
      sum.bytes &+= cache.footprint(page).rawValue
    }
    return sum
  }
}

extension SlabReport {
  /// The report for people, as `slabtop` lays it out.
  package func text(_ style: Style, all: Bool) -> [String] {
    let total = total
    let used = caches.filter { all || $0.slabs > 0 }
    var head = TextTable([.left, .right, .left, .right, .right])
    func row(_ what: String, _ part: UInt64, _ whole: UInt64, _ text: (UInt64) -> String) {
      head.rows.append([what, text(part), "of", text(whole), percent(part, of: whole)])
    }
    row("Active objects", total.active, total.objects) { $0.grouped }
    row("Active slabs", total.activeSlabs, total.slabs) { $0.grouped }
    row("Active caches", total.activeCaches, UInt64(caches.count)) { $0.grouped }
    row("Active bytes", total.activeBytes, total.bytes) { ByteCount($0).rounded }
    var table = TextTable([.right, .right, .right, .right, .right, .right, .right, .left])
    table.rows.append([
      "OBJS", "ACTIVE", "USE", "OBJ SIZE", "SLABS", "OBJ/SLAB", "CACHE SIZE", "NAME",
    ])
    for cache in used {
      table.rows.append([
        cache.objects.grouped, cache.active.grouped, percent(cache.active, of: cache.objects),
        cache.objectSize.rawValue.grouped, cache.slabs.grouped, cache.objectsPerSlab.grouped,
        cache.footprint(page).rounded, cache.name,
      ])
    }
    var lines = [style.heading("\(ByteCount(total.bytes).rounded) of kernel objects"), ""]
    lines += head.lines() + [""]
    var rows = table.lines(indent: 0)
    rows[0] = style.heading(rows[0])
    lines += rows
    let empty = caches.count - used.count
    if empty > 0 {
      let one = empty == 1
      let text = "\(empty) \(one ? "cache" : "caches") without a slab"
      lines.append(style.faint("\(text) (--all shows \(one ? "it" : "them"))"))
    }
    return lines
  }

  private func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    let tenths = UInt64((Double(part) * 1000 / Double(whole)).rounded())
    return "\(tenths / 10).\(tenths % 10)%"
  }

  /// The report as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    let total = total
    return [
      "format": "kilburn-slab", "version": 1, "pageSize": .number(page.bytes.rawValue),
      "total": [
        "activeObjects": .number(total.active), "objects": .number(total.objects),
        "activeSlabs": .number(total.activeSlabs), "slabs": .number(total.slabs),
        "activeCaches": .number(total.activeCaches), "caches": .number(UInt64(caches.count)),
        "activeBytes": .number(total.activeBytes), "bytes": .number(total.bytes),
      ],
      "caches": .array(
        caches.map { cache in
          [
            "name": .string(cache.name), "activeObjects": .number(cache.active),
            "objects": .number(cache.objects), "objectSize": .number(cache.objectSize.rawValue),
            "objectsPerSlab": .number(cache.objectsPerSlab),
            "pagesPerSlab": .number(cache.pagesPerSlab),
            "activeSlabs": .number(cache.activeSlabs), "slabs": .number(cache.slabs),
            "bytes": .number(cache.footprint(page).rawValue),
          ]
        }),
    ]
  }
}
