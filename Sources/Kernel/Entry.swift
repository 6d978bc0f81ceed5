@_cdecl("kernel_system_call")
func s(){}
@_cdecl("kernel_user_exception")
func s2(){}
@_cdecl("kernel_user_interrupt")
func s3(){}
@_cdecl("kernel_death")
func s4(){}
