import Commands

Kilburn.start()
