/* For cppcheck alone, which does not read cJSON's headers: what the macro means to it. */
#define cJSON_ArrayForEach(element, array)                                                         \
    for (element = (array) ? (array)->child : 0; element; element = element->next)
